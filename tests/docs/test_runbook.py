"""The messages of the runbook are those of the code."""

import re

from documents import ROOT, text_of

# Prefect's own words.
MESSAGES_OF_PREFECT = {"Deployment concurrency limit reached."}


def test_the_messages_are_those_of_the_code():
    sources = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in (ROOT / top).rglob("*.[py]*")]
    code = "\n".join(path.read_text() for path in sources if path.suffix in (".py", ".yaml"))
    named = re.findall(r"`([A-Z][^`]+\.)`", text_of("docs/runbook.md"))
    messages = {" ".join(message.split()) for message in named} - MESSAGES_OF_PREFECT
    messages = {message for message in messages if "..." not in message and not message.startswith("Held")}
    assert len(messages) > 8
    assert [message for message in sorted(messages) if message not in code] == []
