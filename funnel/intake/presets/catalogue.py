"""Every preset: a new system is two small files and a line here."""

from collections.abc import Mapping
from typing import Final

from funnel.domain.fact_source import PresetName
from funnel.intake.presets import (
    cal_com_facts,
    cal_com_verify,
    calendly_facts,
    calendly_verify,
    generic_facts,
    generic_verify,
    stripe_facts,
    stripe_verify,
    zoom_facts,
    zoom_verify,
)
from funnel.intake.presets.preset import Preset

PRESETS: Final[Mapping[PresetName, Preset]] = {
    PresetName.ZOOM: Preset(
        verify=zoom_verify.verify,
        read=zoom_facts.read,
        to_check=zoom_verify.TO_CHECK,
        is_secret_theirs=True,
        fields=("email",),
    ),
    PresetName.CALENDLY: Preset(
        verify=calendly_verify.verify,
        read=calendly_facts.read,
        to_check=calendly_verify.TO_CHECK,
        is_secret_theirs=False,
    ),
    PresetName.CAL_COM: Preset(
        verify=cal_com_verify.verify,
        read=cal_com_facts.read,
        to_check=cal_com_verify.TO_CHECK,
        is_secret_theirs=False,
    ),
    PresetName.STRIPE: Preset(
        verify=stripe_verify.verify,
        read=stripe_facts.read,
        to_check=stripe_verify.TO_CHECK,
        is_secret_theirs=True,
    ),
    PresetName.GENERIC: Preset(
        verify=generic_verify.verify,
        read=generic_facts.read,
        to_check=generic_verify.TO_CHECK,
        is_secret_theirs=False,
        fields=generic_facts.FIELDS,
    ),
}
