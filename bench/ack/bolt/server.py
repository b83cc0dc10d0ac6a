"""Bolt for Python, asynchronous, under uvicorn with uvloop and httptools: the fastest of its adapters. One slash command,
acknowledged with a text. Who the bot is is not asked of Slack, so that only the acknowledgement is measured."""

import json
import os
from pathlib import Path

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.applications import Starlette
from starlette.routing import Route

HELP = json.loads((Path(__file__).parent / "help.json").read_text())


async def authorize(**_):
    return AuthorizeResult(enterprise_id=None, team_id="T0DATALAKE1", bot_token="xoxb-1", bot_id="B1", bot_user_id="U1")


app = AsyncApp(signing_secret=os.environ["SLACK_SIGNING_SECRET"], authorize=authorize)


@app.command("/datalake")
async def datalake(ack):
    await ack(HELP)


handler = AsyncSlackRequestHandler(app)
doors = Starlette(routes=[Route("/slack/commands", handler.handle, methods=["POST"])])
uvicorn.run(
    doors, host="127.0.0.1", port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_level="warning"
)
