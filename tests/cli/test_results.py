"""`funnel results`, as somebody at a terminal uses it."""


def test_wrong_sums_are_shown_and_put_right(funnel, installed):
    said = funnel("results", "check")
    assert said.exit_code == 0, said.output
    assert "Every sum is what the rows say." in said.output
    installed.execute(
        "insert into result_sums (sequence_id, scope, key, measure, total) "
        "values (gen_random_uuid(), 'email', 'listening', 'clicked', 7)"
    )
    wrong = funnel("results", "check")
    assert wrong.exit_code == 1
    assert "listening" in wrong.output and "--repair" in wrong.output
    assert "They are right now." in funnel("results", "check", "--repair").output
    assert funnel("results", "check").exit_code == 0
