"""What a run imports or makes when it comes to it: imported where processes are forked, so that they begin at once."""

# ruff: noqa: F401
import datasets
import httpx
import openai.resources.chat
import pillow_heif
import pytest
import rich.progress

import evaluators.heads
import prompt_search.cli.plan_table
import prompt_search.cli.result_table
import prompt_search.run.run
import tests.fakes.killed_program
from prompt_search.report.page import render_report
from prompt_search.run.engine import execute
from prompt_search.run.outcome.baselines import vocabulary
from prompt_search.run.plan.early_checks import near_chance

vocabulary()
