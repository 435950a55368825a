"""What comes to functions with an event, and what is kept of those that do not start: patches as in `patches.py`."""

import contextvars
import json

from ministack.core.responses import json_response
from ministack.services import eventbridge, lambda_svc, sqs


def apply():
    traces_are_carried()
    failed_starts_are_logged()


def traces_are_carried():
    """An event's trace header ends at the bus, and that of a call at the function called. On AWS the message that a rule
    sends has it as AWSTraceHeader, and the function gets it with its event."""
    arrived = contextvars.ContextVar("trace", default=None)
    put_events, invoke, chosen = eventbridge._put_events, lambda_svc._invoke, lambda_svc._xray_trace_id_for_invocation
    to_queue = eventbridge._dispatch_to_sqs

    def put(data, *arguments, **named):
        entries = data.get("Entries", [])
        if len(entries) != 1:
            # One at a time, so that each takes its own header along; how many there may be is MiniStack's to say.
            if not 1 < len(entries) <= 10:
                return put_events(data, *arguments, **named)
            answers = [json.loads(put({**data, "Entries": [entry]}, *arguments, **named)[2]) for entry in entries]
            return json_response({
                "FailedEntryCount": sum(answer["FailedEntryCount"] for answer in answers),
                "Entries": [entry for answer in answers for entry in answer["Entries"]],
            })
        token = arrived.set(entries[0].get("TraceHeader"))
        try:
            return put_events(data, *arguments, **named)
        finally:
            arrived.reset(token)

    def send(spec, payload, *arguments):
        header, queue = arrived.get(), sqs._queue_by_arn(str(spec))
        if not header or not queue or queue.get("is_fifo"):
            return to_queue(spec, payload, *arguments)
        sqs._act_send_message({
            "QueueUrl": queue["url"], "MessageBody": payload,
            "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": header}},
        }, queue["url"])

    async def call(name, event, headers, *arguments, **named):
        token = arrived.set(headers.get("x-amzn-trace-id") or headers.get("X-Amzn-Trace-Id"))
        try:
            return await invoke(name, event, headers, *arguments, **named)
        finally:
            arrived.reset(token)

    eventbridge._put_events, eventbridge._dispatch_to_sqs, lambda_svc._invoke = put, send, call
    lambda_svc._xray_trace_id_for_invocation = lambda config, inbound=None: chosen(config, inbound or arrived.get())


def failed_starts_are_logged():
    """What a process wrote before it ended without having asked for work is in the server's own log only. On AWS it is
    in the function's, as all that the process writes."""
    original = lambda_svc._execute_function_provided_warm

    def execute(*arguments):
        result = original(*arguments)
        body = result.get("body")
        message = body.get("errorMessage", "") if isinstance(body, dict) else ""
        if result.get("error") and message.startswith(("bootstrap ", "init error")):
            result["log"] = f"{result.get('log', '')}\n{message}".strip()
        return result

    lambda_svc._execute_function_provided_warm = execute
