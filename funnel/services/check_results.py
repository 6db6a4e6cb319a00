"""Compare the sums of results with a recount of the rows, and put them right if asked."""

from dataclasses import dataclass

from funnel.storage import result_sums
from funnel.storage.result_sums import ResultDifference
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCheck:
    """What was wrong; none: every sum is what the rows say."""

    wrong: tuple[ResultDifference, ...]


def check_results(transactions: Transactions, *, repairs: bool = False) -> ResultCheck:
    """Return each sum that is not what a recount gives; with ``repairs`` it is right afterwards.

    Reads whole tables: minutes where there are millions of people. Repairing makes everybody wait
    who would move a sum meanwhile.
    """
    if repairs:
        with transactions.begin() as tx:
            return ResultCheck(wrong=tuple(result_sums.repair(tx)))
    with transactions.begin_reading() as tx:
        return ResultCheck(wrong=tuple(result_sums.differences(tx)))
