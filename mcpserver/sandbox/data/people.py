"""Defines the sandbox's tokens: constants that give access to invented data only."""

from __future__ import annotations

ADA_TOKEN = "sandbox-ada"
BOB_TOKEN = "sandbox-bob"
CAROL_TOKEN = "sandbox-carol"
RITA_TOKEN = "sandbox-rita"

ADA_ID, BOB_ID, CAROL_ID, RITA_ID, DAN_ID, INVITED_ID = 4242, 4243, 5150, 4301, 4317, 4402

TOKENS = {ADA_TOKEN: ADA_ID, BOB_TOKEN: BOB_ID, CAROL_TOKEN: CAROL_ID, RITA_TOKEN: RITA_ID}
"""Token to user id: Ada owns the main workspace, Bob is a full member and Rita a restricted one;
Carol is alone in another workspace."""
