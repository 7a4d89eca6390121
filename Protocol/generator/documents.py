"""openapi.json and asyncapi.json."""

import re


def rewritten(value, file, used):
    """A value whose references to files lead into components/schemas; `used` collects the files."""
    if isinstance(value, list):
        return [rewritten(one, file, used) for one in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, inner in value.items():
        if key == "$ref" and isinstance(inner, str) and not inner.startswith("#/components/"):
            name, _, fragment = inner.partition("#")
            used.add(name or file)
            made[key] = f"#/components/schemas/{(name or file).removesuffix('.json')}{fragment}"
        elif key != "$schema":  # The dialect is the document's own.
            made[key] = rewritten(inner, file, used)
    return made


def bundled(document, schemas):
    """The document with every message that it refers to among its components."""
    used, done = set(), {}
    document = rewritten(document, None, used)
    while waiting := used - done.keys():
        for file in waiting:
            done[file] = rewritten(schemas.find(file, None)[2], file, used)
    document["components"]["schemas"] = {file.removesuffix(".json"): done[file] for file in sorted(done)}
    return document


def answer(facts, streams=None):
    """A response object; `streams` tells the schema of each item, by media type."""
    kinds = facts.get("type", "application/json")
    content = {kind: {"schema": facts["schema"]} for kind in ([kinds] if isinstance(kinds, str) else kinds) if "schema" in facts}
    content |= {kind: {"x-item-schema": {"$ref": item}} for kind, item in (streams or {}).items()}
    made = {"description": facts["description"]}
    return made | ({"headers": facts["headers"]} if "headers" in facts else {}) | ({"content": content} if content else {})


def openapi(interface, operations, schemas):
    """With every message in it, as it is served."""
    return bundled(described(interface, operations), schemas)


def described(interface, operations):
    paths = {}
    for one in operations:
        made = {"operationId": one.id, "tags": [one.group], "summary": one.facts["summary"]}
        if "description" in one.facts:
            made["description"] = one.facts["description"]
        if parameters := one.facts.get("parameters"):
            made["parameters"] = [
                {"$ref": f"#/components/parameters/{p}"} if isinstance(p, str) else p for p in parameters]
        if one.request:
            examples = {name: {"value": value} for name, value in one.facts.get("examples", {}).items()}
            content = {"schema": one.request["schema"]} | ({"examples": examples} if examples else {})
            made["requestBody"] = ({"required": True} if one.request.get("required") else {}) | {
                "content": {"application/json": content}}
        streams = one.facts.get("streams")
        made["responses"] = {
            status: {"$ref": f"#/components/responses/{facts}"} if isinstance(facts, str)
            else answer(facts, streams if status == "200" else None)
            for status, facts in one.facts["answers"].items()}
        errors = set(one.facts.get("errors", [])) | ({401, 403, 429} if one.scope != "none" else set())
        made["responses"] |= {str(status): {"$ref": "#/components/responses/Error"} for status in sorted(errors)}
        # Without keys nothing is needed; so a client may leave it out.
        made["security"] = [{}, {"key": [one.scope]}, {"cookie": [one.scope]}] if one.scope != "none" else []
        paths.setdefault(one.path, {})[one.method.lower()] = made
    return {
        "openapi": interface["openapi"], "info": interface["info"], "servers": interface["servers"],
        "tags": [{"name": group} for group in interface["groups"]], "paths": paths,
        "components": {
            "parameters": interface["parameters"],
            "responses": {name: answer(facts) for name, facts in interface["answers"].items()},
            "securitySchemes": interface["security"]},
    }


def event_types(schemas):
    """Each event's type and description, in the order of event.json; an event may have several forms."""
    found = {}
    for form in schemas.files["event.json"]["oneOf"]:
        schema = schemas.find(form["$ref"], "event.json")[2]
        found.setdefault(schema["properties"]["type"]["const"], schema.get("description"))
    return found


def commands(schemas):
    """The commands of a WebSocket that have a form of their own, in the order of command.json."""
    told = [form["properties"]["command"] for form in schemas.files["command.json"]["oneOf"]]
    return [name for one in told if "not" not in one for name in one.get("enum", [one.get("const")])]


def asyncapi(interface, operations, schemas):
    """Of each socket its channel; a message for what is sent, one for what is answered, and one an event."""
    def message(file, pointer="", **more):
        schema = {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": f"schemas/{file}.json{pointer}"}}
        return {"contentType": "application/json", "payload": schema, **more}

    messages = {
        "Command": message("command", summary=f"One of {', '.join(commands(schemas))}.", examples=interface["socket"]["examples"]),
        "Reply": message("reply"), "Event": message("event")}
    for form in schemas.files["event.json"]["oneOf"]:
        name = form["$ref"].rpartition("/")[2]
        about = schemas.find(form["$ref"], "event.json")[2].get("description")
        messages[name] = message("event", f"#/$defs/{name}", **({"summary": about} if about else {}))
    messages["Frames"] = {
        "contentType": "application/octet-stream", "summary": "One or more whole tensor frames.",
        "payload": {"type": "string", "contentEncoding": "binary"}}
    channels = {}
    for one in operations:
        if "101" not in one.facts["answers"]:
            continue
        channels[one.id] = {"address": one.path, "summary": one.facts["summary"]}
        if named := re.findall(r"{(\w+)}", one.path):
            channels[one.id]["parameters"] = {name: {"description": "The run."} for name in named}
        channels[one.id]["messages"] = {
            name.lower(): {"$ref": f"#/components/messages/{name}"} for name in ("Command", "Reply", "Event", "Frames")}
    actions = {}
    for channel in channels:
        place = {"$ref": f"#/channels/{channel}"}
        told = {name: {"$ref": f"#/channels/{channel}/messages/{name}"} for name in ("command", "reply", "event", "frames")}
        prefix = "" if channel == "socket" else channel[0].upper() + channel[1:]
        actions[f"receive{prefix}Command"] = {
            "action": "receive", "channel": place, "messages": [told["command"]],
            "reply": {"channel": place, "messages": [told["reply"]]}}
        actions[f"send{prefix}Events"] = {"action": "send", "channel": place, "messages": [told["event"], told["frames"]]}
    return {
        "asyncapi": "3.0.0", "info": interface["socket"]["info"], "servers": interface["socket"]["servers"],
        "channels": channels, "operations": actions, "components": {"messages": messages}}
