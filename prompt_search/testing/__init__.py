"""What a strategy of one's own is tested with: a scripted search, a world whose best prompts are known, and checks.

from prompt_search.testing import check_strategy

def test_my_strategy(tmp_path):
    check_strategy(MyStrategy(), answer=lambda request: "a drawing of a {}.", folder=tmp_path)
"""

from prompt_search.testing.conformance import (
    StrategyFault,
    check_deterministic,
    check_limits,
    check_nothing_from_nothing,
    check_plan,
    check_replay,
    check_shortlist,
    check_strategy,
)
from prompt_search.testing.oracle_world import OracleModel, OracleWorld, offered_among_noise, oracle_world
from prompt_search.testing.scripted_search import ScriptedSearch, plain_score

__all__ = [
    "OracleModel",
    "OracleWorld",
    "ScriptedSearch",
    "StrategyFault",
    "check_deterministic",
    "check_limits",
    "check_nothing_from_nothing",
    "check_plan",
    "check_replay",
    "check_shortlist",
    "check_strategy",
    "offered_among_noise",
    "oracle_world",
    "plain_score",
]
