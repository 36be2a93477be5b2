"""Calls the public clients as its standard input says: one JSON object a line in, one JSON answer a line out."""

import dataclasses
import inspect
import json
import os
import ssl
import sys
import types


def clients() -> dict[str, object]:
    import cheqpoint
    import pagerduty

    trusted = ssl.create_default_context(cafile=os.environ["CA_FILE"])
    rest, bearer = (
        pagerduty.RestApiV2Client(
            os.environ["PAGERDUTY_TOKEN"],
            default_from=os.environ["PAGERDUTY_FROM"],
            auth_type=auth_type,
            base_url=os.environ["PAGERDUTY_URL"],
            verify=trusted,
        )
        for auth_type in ("token", "bearer")
    )
    stranger = pagerduty.RestApiV2Client(
        "y_NbAkKc66ryYTWUXYEu", base_url=os.environ["PAGERDUTY_URL"], verify=trusted
    )
    events = pagerduty.EventsApiV2Client(
        os.environ["ROUTING_KEY"], base_url=os.environ["PAGERDUTY_URL"], verify=trusted
    )
    for client in (rest, bearer, stranger, events):
        # The pause before a repetition doubles from here on; real time is not what is tested.
        client.sleep_timer = 0.001
    return {
        "rest": rest,
        "restBearer": bearer,
        "stranger": stranger,
        "events": events,
        "cheqpoint": cheqpoint.CheqpointClient(
            os.environ["CHEQPOINT_KEY"], base_url=os.environ["CHEQPOINT_URL"]
        ),
        "cheqpointStranger": cheqpoint.CheqpointClient(
            "no-such-key", base_url=os.environ["CHEQPOINT_URL"]
        ),
    }


def plain(value: object) -> object:
    """What JSON can carry of a client's answer."""
    if dataclasses.is_dataclass(value):
        return {name: plain(item) for name, item in vars(value).items()}
    if isinstance(value, (types.GeneratorType, filter, map, list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if hasattr(value, "status_code") and hasattr(value, "headers"):
        return {"status": value.status_code, "headers": dict(value.headers), "text": value.text}
    return value


def problem(error: Exception) -> dict[str, object]:
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return {"type": type(error).__name__, "message": str(error), "status": status}


def answer(known: dict[str, object], order: dict) -> dict[str, object]:
    method = getattr(known[order["client"]], order["method"])
    named = order.get("named", {})
    if order["method"] == "guard":
        named = {**named, "run": lambda context: {"ran": True, "details": context.details}}
    try:
        value = method(*order.get("args", []), **named) if inspect.isroutine(method) else method
        return {"value": plain(value)}
    except Exception as error:  # noqa: BLE001 - the test says which one it expects
        return {"error": problem(error)}


def main() -> None:
    known = clients()
    print(json.dumps({"value": "ready"}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(known, json.loads(line)), default=str), flush=True)


main()
