"""The endpoints: `/api/v1/...` and `/health`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from hmac import compare_digest

from flask import Blueprint, Flask, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri

from vas_dash.embedded import wire
from vas_dash.embedded.store import RefusedError, Store

__all__ = ["MAX_BODY_BYTES", "create_app", "create_blueprint"]

log = logging.getLogger(__name__)

API = "/api/v1"
ELSEWHERE = "elsewhere"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_BODY_BYTES = 4 * 1024 * 1024

View = Callable[..., Response]


def create_blueprint(store: Store, api_key: str | None = None) -> Blueprint:
    """All endpoints, for any Flask application; they leave its other routes alone.

    Every path takes every method, and there is a route for whatever else is below the prefix: an
    application does not ask a blueprint how a wrong method or path is answered.

    Args:
        store: where the rows are.
        api_key: what the header `X-API-Key` must carry, or None when none is asked for.
    """
    blueprint = Blueprint("embedded_vas", __name__)
    # As a setting of the application: a request of its own cannot say so before Flask 3.1.
    blueprint.record(lambda state: state.app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES))

    def route(path: str, **views: View) -> None:
        def dispatch(**arguments: str) -> Response:
            view = views.get(request.method)
            if view is None:
                response = _error(405, "Method Not Allowed")
                response.headers["Allow"] = ", ".join(views)
                return response
            return view(**arguments)

        blueprint.add_url_rule(
            path, path.replace("/", "_").replace(".", "_"), dispatch, methods=METHODS
        )

    @blueprint.before_request
    def _check() -> Response | None:
        if api_key is not None and request.path != "/health":
            sent = request.headers.get("X-API-Key")
            if sent is None:
                return _json({"detail": "X-API-Key is missing"}, 401)
            if not compare_digest(sent.encode(), api_key.encode()):
                return _json({"detail": "X-API-Key is not valid"}, 403)
        return None

    blueprint.register_error_handler(Exception, _failed)
    _devices(route, store)
    _ai_models(route, store)
    _assignments(route, store)
    route("/health", GET=_health)

    for path in ("/health/", API, f"{API}/", f"{API}/<path:_rest>"):
        blueprint.add_url_rule(path, ELSEWHERE, _elsewhere, methods=METHODS)
    return blueprint


def _failed(problem: Exception) -> Response:
    if isinstance(problem, wire.InvalidRequestError):
        return _error(422, "Validation error", problem.details)
    if isinstance(problem, RefusedError):
        return _error(problem.status, problem.message)
    if isinstance(problem, HTTPException):
        return _error(problem.code or 500, problem.name)
    # Its text may carry what the database holds, passwords of cameras among it.
    log.error("%s %s: %s", request.method, request.url_rule, type(problem).__name__)
    return _error(500, "Internal server error")


def _elsewhere(_rest: str = "") -> Response:
    """What no endpoint has; with a trailing slash, where the endpoint is."""
    path = request.path.rstrip("/")
    adapter = request_ctx.url_adapter
    if path != request.path and adapter is not None:
        try:
            endpoint, _ = adapter.match(path, method="GET")
        except HTTPException:
            endpoint = None
        if endpoint not in (None, f"{request.blueprint}.{ELSEWHERE}"):
            query = request.query_string.decode("latin-1")
            target = f"{request.script_root}{path}" + (f"?{query}" if query else "")
            return Response(status=307, headers={"Location": target})
    return _error(404, "Not Found")


def create_app(blueprint: Blueprint) -> Flask:
    """An application with these endpoints and nothing else."""
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(blueprint)

    @app.errorhandler(HTTPException)
    def _failed(problem: HTTPException) -> Response:
        return _error(problem.code or 500, problem.name)

    return app


def _devices(route: Callable[..., None], store: Store) -> None:
    def list_all() -> Response:
        query = wire.query(wire.DeviceQuery, _arguments())
        return _json([wire.device(row) for row in store.devices(query.skip, query.limit)])

    def create() -> Response:
        sent = wire.body(wire.DeviceCreate, request.get_data(), request.mimetype)
        return _json(wire.device(store.create_device(sent.model_dump())), 201)

    def get(device_id: str) -> Response:
        return _json(wire.device(store.device(wire.path_uuid("device_id", device_id))))

    def change(device_id: str) -> Response:
        key = wire.path_uuid("device_id", device_id)
        sent = wire.body(wire.DeviceUpdate, request.get_data(), request.mimetype)
        return _json(wire.device(store.update_device(key, sent.model_dump(exclude_unset=True))))

    def remove(device_id: str) -> Response:
        store.delete_device(wire.path_uuid("device_id", device_id))
        return Response(status=204)

    route(f"{API}/devices", GET=list_all, POST=create)
    route(f"{API}/devices/<device_id>", GET=get, PUT=change, DELETE=remove)


def _ai_models(route: Callable[..., None], store: Store) -> None:
    def list_all() -> Response:
        rows = store.ai_models(wire.query(wire.ModelQuery, _arguments()).enabled)
        return _json({"models": [wire.ai_model(row) for row in rows], "total": len(rows)})

    def get(model_id: str) -> Response:
        if "\0" in model_id:
            raise RefusedError(404, "AI model not found")
        return _json(wire.ai_model(store.ai_model(model_id)))

    route(f"{API}/ai-models", GET=list_all)
    route(f"{API}/ai-models/<model_id>", GET=get)


def _assignments(route: Callable[..., None], store: Store) -> None:
    def list_all() -> Response:
        query = wire.query(wire.AssignmentQuery, _arguments())
        rows, total = store.assignments(
            str(query.camera_id) if query.camera_id else None,
            query.model_id,
            query.enabled,
            query.limit,
            query.offset,
        )
        return _json(
            {
                "assignments": [wire.assignment(row) for row in rows],
                "total": total,
                "limit": query.limit,
                "offset": query.offset,
            }
        )

    def create() -> Response:
        sent = wire.body(wire.AssignmentCreate, request.get_data(), request.mimetype)
        values = wire.assignment_values(sent.model_dump())
        return _json(wire.assignment(store.create_assignment(values)), 201)

    def change(assignment_id: str) -> Response:
        key = wire.path_uuid("assignment_id", assignment_id)
        sent = wire.body(wire.AssignmentPatch, request.get_data(), request.mimetype)
        changes = wire.assignment_values(sent.model_dump(exclude_unset=True))
        return _json(wire.assignment(store.update_assignment(key, changes)))

    def remove(assignment_id: str) -> Response:
        store.delete_assignment(wire.path_uuid("assignment_id", assignment_id))
        return Response(status=204)

    route(f"{API}/ai-model-assignments", GET=list_all, POST=create)
    route(f"{API}/ai-model-assignments/<assignment_id>", PATCH=change, DELETE=remove)


def _health() -> Response:
    """Healthy whatever the database does, as the VAS says it."""
    return _json({"status": "healthy", "service": "VAS Backend", "version": "1.0.0"})


def _arguments() -> dict[str, str]:
    """The query; of a key that is given twice the last value counts."""
    return {key: values[-1] for key, values in request.args.lists()}


def _json(value: object, status: int = 200) -> Response:
    return _answer(wire.dumps(value), status)


def _error(status: int, message: str, details: list[wire.Json] | None = None) -> Response:
    return _answer(wire.error(status, message, iri_to_uri(request.url), details), status)


def _answer(content: bytes, status: int) -> Response:
    return Response(content, status, mimetype="application/json")
