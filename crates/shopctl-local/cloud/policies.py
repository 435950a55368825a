"""What a cloud that enforces policies (AUTH=true) tells of it, and what MiniStack 1.5.33 leaves out of its checks.

Policies are evaluated by MiniStack itself, for every call that a function signs with the credentials of its role. What
Lambda does on behalf of a function (reading its queue or stream, writing its log) is not a call here and not checked.
"""

import contextvars
import json

from ministack import app
from ministack.core import iam_actions, iam_evaluator

# (role, action, resource) -> whether it was allowed; of a crowd of resources the first ones.
_CALLS = {}
_MOST = 20000


def apply():
    """Apply the patches and keep the calls in mind. Before the server starts."""
    loopback_is_as_good_as_tls()
    publishers_name_themselves()
    remember_calls()


def calls():
    """What roles asked for since the start, each once: role, action, resource, and whether it was allowed."""
    return [
        {"role": role, "action": action, "resource": resource, "allowed": allowed}
        for (role, action, resource), allowed in sorted(_CALLS.items())
    ]


def loopback_is_as_good_as_tls():
    """The statement that most buckets have, to deny what is not encrypted (`aws:SecureTransport`), would deny everything:
    this cloud speaks plain HTTP, and with nobody but this machine."""
    original = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure_transport: original(source_ip, True)


def publishers_name_themselves():
    """PutEvents is checked without `events:source` and `events:detail-type`: a role that may publish as itself only, may
    not publish at all. AWS checks every entry; a request whose entries differ has no value here that a policy names."""
    original = iam_actions.request_tag_context

    def context(service, iam_action, body, params):
        found = original(service, iam_action, body, params)
        if iam_action == "events:PutEvents":
            try:
                entries = json.loads(body)["Entries"]
                for key, member in (("events:source", "Source"), ("events:detail-type", "DetailType")):
                    values = sorted({str(entry[member]) for entry in entries})
                    found = {**found, key: values[0] if len(values) == 1 else " and ".join(values)}
            except (ValueError, KeyError, TypeError):  # no such request; the service says so
                pass
        return found

    iam_actions.request_tag_context = context


def remember_calls():
    """Remember what roles ask for, so that a role can be compared with what its function needs."""
    resolve, enforce = iam_evaluator.resolve_principal, iam_evaluator.enforce
    caller = contextvars.ContextVar("shopctl_caller", default="")

    def resolve_and_keep(*arguments, **named):
        principal = resolve(*arguments, **named)
        caller.set(getattr(principal, "arn", ""))
        return principal

    def enforce_and_remember(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        caller.set("")
        refused = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if ":assumed-role/" in caller.get():
            call = (caller.get().split("/")[1], iam_action, resource_arn)
            if call in _CALLS or len(_CALLS) < _MOST:
                # One refusal among many answers is what somebody looks for.
                _CALLS[call] = _CALLS.get(call, True) and refused is None
        return refused

    iam_evaluator.resolve_principal, iam_evaluator.enforce = resolve_and_keep, enforce_and_remember
