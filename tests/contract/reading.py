"""A document of the API as what a caller relies on: operations by method and path, and objects by the types of their fields.

A type is one word: ``string``, ``string:uuid``, the name of an object, ``[type]`` for a list, ``A | B`` for either, with
``?`` behind it where it may be null. A field, or what is asked for in the address, has ``*`` behind its name where it is
required.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, str]
Operation = dict[str, Any]


@dataclass(frozen=True)
class Contract:
    operations: Mapping[str, Operation]
    shapes: Mapping[str, Fields]

    def as_data(self) -> dict[str, Any]:
        return {"operations": dict(self.operations), "shapes": dict(sorted(self.shapes.items()))}


def contract_of(document: Mapping[str, Any], tags: Iterable[str]) -> Contract:
    """What the operations with these tags promise."""
    return _Reader(document).read(set(tags))


def broken(old: Contract, new: Contract) -> list[str]:
    """The promises of the old one that the new one does not keep, each as one line."""
    return list(_Comparing(old, new).all())


# --- reading -------------------------------------------------------------------------------------------------------


@dataclass
class _Reader:
    document: Mapping[str, Any]
    shapes: dict[str, Fields] = field(default_factory=dict)

    def read(self, tags: set[str]) -> Contract:
        operations = {
            f"{method.upper()} {path}": self._operation(operation, path)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            if tags & set(operation["tags"])
        }
        return Contract(operations, self.shapes)

    def _operation(self, operation: Mapping[str, Any], path: str) -> Operation:
        name = operation["operationId"]
        asked = {
            _field(each["name"], bool(each.get("required"))): self._type(each["schema"], f"{name}.{each['name']}")
            for each in operation.get("parameters", [])
            if each["in"] == "query"
        }
        body = operation.get("requestBody", {})
        sent = {_field("body", bool(body.get("required"))): self._content(body, f"{name}.body")} if body else {}
        answers = {
            int(status): self._content(answer, f"{name}.{status}") for status, answer in operation["responses"].items()
        }
        return {"id": name, **({"asked": asked} if asked else {}), **sent, "answers": answers}

    def _content(self, holder: Mapping[str, Any], where: str) -> str:
        for media, content in sorted(holder.get("content", {}).items()):
            return self._type(content["schema"], where) if "json" in media else media
        return "nothing"

    def _type(self, schema: Mapping[str, Any], where: str) -> str:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return self._object(self.document["components"]["schemas"][name], name)
        for several in ("oneOf", "anyOf", "allOf"):
            if several in schema:
                return self._either(schema[several], where)
        return self._object(schema, where)

    def _either(self, options: Iterable[Mapping[str, Any]], where: str) -> str:
        types = [self._type(option, f"{where}.{number}") for number, option in enumerate(options)]
        may_be_null = "null" in types or any(each.endswith("?") for each in types)
        several = sorted({each.removesuffix("?") for each in types if each != "null"})
        return " | ".join(several) + ("?" if may_be_null else "")

    def _object(self, schema: Mapping[str, Any], name: str) -> str:
        """The name of an object, whose fields are read once; of anything else the type itself."""
        if "properties" in schema:
            if name not in self.shapes:
                self.shapes[name] = {}
                required = schema.get("required", [])
                self.shapes[name].update(
                    (_field(key, key in required), self._type(value, f"{name}.{key}"))
                    for key, value in schema["properties"].items()
                )
            return name + ("?" if "null" in _types(schema) else "")
        if "oneOf" in schema or "allOf" in schema:
            return self._type(schema, name)
        return self._plain(schema, name)

    def _plain(self, schema: Mapping[str, Any], where: str) -> str:
        types = _types(schema)
        kinds = [each for each in types if each != "null"]
        kind = kinds[0] if len(kinds) == 1 else "anything"
        if kind == "array":
            kind = f"[{self._type(schema['items'], f'{where}.each')}]"
        elif "format" in schema:
            kind = f"{kind}:{schema['format']}"
        return "null" if types == ["null"] else kind + ("?" if "null" in types else "")


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _field(name: str, is_required: bool) -> str:
    return name + ("*" if is_required else "")


# --- comparing -----------------------------------------------------------------------------------------------------


@dataclass
class _Comparing:
    old: Contract
    new: Contract
    seen: set[tuple[str, str, bool]] = field(default_factory=set)

    def all(self) -> Iterator[str]:
        for address, before in self.old.operations.items():
            now = self.new.operations.get(address)
            if now is None or now["id"] != before["id"]:
                yield f"{address}: there is no {before['id']} any more"
            else:
                yield from self._operation(before, now)

    def _operation(self, before: Operation, now: Operation) -> Iterator[str]:
        name = before["id"]
        yield from self._fields(before.get("asked", {}), now.get("asked", {}), f"{name} asks", is_sent=True)
        sent, sends = _body(before), _body(now)
        yield from self._fields(sent, sends, name, is_sent=True)
        for status, type_before in before["answers"].items():
            if status not in now["answers"]:
                yield f"{name}: never answers {status} any more"
            else:
                yield from self._type(type_before, now["answers"][status], f"{name} {status}", is_sent=False)

    def _fields(self, before: Fields, now: Fields, where: str, *, is_sent: bool) -> Iterator[str]:
        types = {name.removesuffix("*"): kind for name, kind in now.items()}
        for name, kind in before.items():
            plain = name.removesuffix("*")
            if plain not in types:
                yield f"{where}: no {plain} any more"
            else:
                yield from self._type(kind, types[plain], f"{where}.{plain}", is_sent=is_sent)
        asked_before, asked_now = _required(before), _required(now)
        if is_sent and (more := asked_now - asked_before):
            yield f"{where}: asks for {', '.join(sorted(more))} now"
        if not is_sent and (fewer := asked_before - asked_now):
            yield f"{where}: not always with {', '.join(sorted(fewer))} any more"

    def _type(self, before: str, now: str, where: str, *, is_sent: bool) -> Iterator[str]:
        was_null, is_null = before.endswith("?"), now.endswith("?")
        if was_null and not is_null and is_sent:
            yield f"{where}: takes no null any more"
        if is_null and not was_null and not is_sent:
            yield f"{where}: may be null now"
        plain, today = before.removesuffix("?"), now.removesuffix("?")
        if plain.startswith("[") and today.startswith("["):
            yield from self._type(plain[1:-1], today[1:-1], f"{where}[]", is_sent=is_sent)
        elif plain in self.old.shapes and today in self.new.shapes:
            if (plain, today, is_sent) not in self.seen:
                self.seen.add((plain, today, is_sent))
                yield from self._fields(self.old.shapes[plain], self.new.shapes[today], where, is_sent=is_sent)
        elif " | " in plain:
            yield from self._either(plain.split(" | "), today.split(" | "), where, is_sent=is_sent)
        elif plain != today:
            yield f"{where}: was {plain}, is {today}"

    def _either(self, before: list[str], now: list[str], where: str, *, is_sent: bool) -> Iterator[str]:
        for each in before:
            if each not in now:
                yield f"{where}: no {each} any more"
            else:
                yield from self._type(each, each, f"{where} ({each})", is_sent=is_sent)


def _body(operation: Operation) -> Fields:
    return {name: kind for name, kind in operation.items() if name in ("body", "body*")}


def _required(fields: Fields) -> set[str]:
    return {name.removesuffix("*") for name in fields if name.endswith("*")}
