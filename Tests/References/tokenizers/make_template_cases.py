#!/usr/bin/env python3
"""Chat templates and small pieces of Jinja, rendered by transformers' own environment.

    python make_template_cases.py        -> template_cases.json beside this file

The templates are written here in the manner of the published ones of each family. A case:
{name, template, variables?, expected | raised | failed}; pieces have `values` for variables. `time` is seconds since 1970; strftime_now is fixed to it.
"""
from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
from jinja2.exceptions import TemplateError  # noqa: E402
from transformers.utils.chat_template_utils import _compile_jinja_template  # noqa: E402

HERE = Path(__file__).parent
TIME = 1751068805            # 2025-06-28 00:00:05 UTC


def render(template, variables):
    now = datetime.fromtimestamp(TIME, timezone.utc)
    return _compile_jinja_template(template).render(strftime_now=now.strftime, **variables)


WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Gets the weather.",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "The city, e.g. \"Paris\" or K\u00f6ln"},
        "days": {"type": "integer", "default": 3},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        "where": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
        "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["city"]}}}
PLAIN = {"type": "function", "function": {"name": "now", "description": "The time & date.", "parameters": {}}}


def call(name, arguments, id="abcdef123"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


U = lambda t: {"role": "user", "content": t}                       # noqa: E731
A = lambda t, **k: {"role": "assistant", "content": t, **k}        # noqa: E731
S = lambda t: {"role": "system", "content": t}                     # noqa: E731
T = lambda t, id="abcdef123": {"role": "tool", "content": t, "tool_call_id": id, "name": "get_weather"}  # noqa: E731
CALLS = [call("get_weather", {"city": "K\u00f6ln", "days": 2, "deep": {"a": [1, 2.5, None, True]}})]
CONVERSATIONS = {
    "one": [U("Hi there")],
    "system": [S("  Be brief.\n"), U(" What is 2 + 2? ")],
    "turns": [U("a"), A("b "), U("c\n\nd"), A("e"), U("f")],
    "ends_with_answer": [S("s"), U("a"), A("b")],
    "thought": [U("a"), A("<think>\nhm\n</think>\n\nb"), U("c"), A("d", reasoning_content="\nwhy\n", thinking="why")],
    "unicode": [S("Gr\u00fc\u00dfe"), U("\u4f60\u597d \U0001f468\u200d\U0001f469 'quoted' \"twice\" <b>&amp;</b>\r\nx"), A("\u0645\u0631\u062d\u0628\u0627")],
    "call": [S("s"), U("Weather?"), A("", tool_calls=CALLS), T("{\"t\": 20}")],
    "call_answered": [U("Weather?"), A("", tool_calls=CALLS, thinking="look"), T("20"), A("It is 20."), U("thanks")],
    "two_results": [U("Weather?"), A("Look:", tool_calls=CALLS + [call("now", {})]), T("1"), T("2")],
    "wrong_order": [U("a"), U("b")],
    "empty": [],
}
SETTINGS = {"prompt": {"add_generation_prompt": True}, "whole": {"add_generation_prompt": False},
            "tools": {"add_generation_prompt": True, "tools": [WEATHER, PLAIN]},
            "plain": {"add_generation_prompt": True, "enable_thinking": False, "reasoning_effort": "high", "tools_in_user_message": False,
                      "tools": [PLAIN]}}

VALUES = {
    "text": "Hello, World", "odd": "  it's a \"test\"\r\nline two\n", "number": 7, "negative": -7, "half": 2.5, "big": 1e16, "tiny": 1e-7,
    "yes": True, "no": False, "nothing": None, "list": [3, 1, 2], "words": ["b", "A", "c", "a"], "empty": [], "mixed": [1, "a", None, True, 2.5, [1], {"k": "v"}],
    "map": {"b": 1, "a": {"c": [1, 2]}, "items": "shadow", "x": None}, "people": [{"name": "Ann", "age": 30, "tags": {"vip": True}}, {"name": "bob", "age": 4},
                                                                                 {"name": "Cy", "age": 30, "tags": {"vip": False}}],
    "uni": "Stra\u00dfe \u0130\u01c5 \U0001f600e\u0301",
}
PIECES = r'''
{{ text }}|{{ text[0] }}|{{ text[-1] }}|{{ text[99] }}|{{ text[1:4] }}|{{ text[::-1] }}|{{ text[-3:] }}|{{ text[:-3] }}|{{ text[5:2] }}
{{ list[1:] }}|{{ list[::-1] }}|{{ list[-1] }}|{{ list[::2] }}|{{ list[-2:] }}|{{ list[5] }}|{{ list[10:] }}|{{ list[:-10] }}|{{ list[2::-1] }}
{{ map.b }}|{{ map['a'].c[0] }}|{{ map.missing }}|{{ map.a }}|{{ map }}|{{ mixed }}
{{ map.items() | list }}|{{ map.keys() | list }}|{{ map.values() | list }}|{{ map.get('b') }}|{{ map.get('z') }}|{{ map.get('z', 5) }}|{{ map['items'] }}
{{ 1 + 2 * 3 }}|{{ (1 + 2) * 3 }}|{{ 7 / 2 }}|{{ 7 // 2 }}|{{ -7 // 2 }}|{{ 7 % 3 }}|{{ -7 % 3 }}|{{ 2 ** 10 }}|{{ 2 ** -1 }}|{{ 7.5 // 2 }}|{{ 4 / 2 }}
{{ 1 ~ 2 ~ none ~ true ~ 1.0 ~ [1] }}|{{ 'a' * 3 }}|{{ [1] * 2 }}|{{ [1] + [2] }}|{{ 'x' + 'y' }}
{{ 1 < 2 }}|{{ 1 < 2 < 3 }}|{{ 1 < 2 > 5 }}|{{ 'a' < 'b' }}|{{ 1 == 1.0 }}|{{ true == 1 }}|{{ 'a' == 1 }}|{{ none == none }}|{{ [1,2] == [1,2] }}|{{ {'a':1} == {'a':1.0} }}
{{ 'll' in text }}|{{ 'z' not in text }}|{{ 2 in list }}|{{ 'b' in map }}|{{ 'q' in map }}|{{ 'a' in ['a'] and not 'b' in ['a'] }}|{{ 'x' in missing }}
{{ yes and no }}|{{ yes or no }}|{{ not yes }}|{{ empty or 'fallback' }}|{{ text and 5 }}|{{ nothing or missing or 0 }}|{{ not not yes }}
{{ 'a' if yes else 'b' }}|{{ 'a' if no else 'b' }}|{{ 'a' if no }}|{{ 'a' if no else 'b' if no else 'c' }}
{{ big }}|{{ tiny }}|{{ half }}|{{ 100.0 }}|{{ 1e3 }}|{{ 1_000 }}|{{ -number }}|{{ - 3 + 5 }}|{{ +3 }}|{{ -half }}
{{ "a\nb\t\"q\" \\ \x41 \u00e9 \d" }}|{{ 'it\'s' }}|{{ 'a' 'b' }}
{{ odd }}|{{ odd | trim }}|{{ odd | upper }}|{{ odd.strip() }}|{{ odd.splitlines() }}|{{ odd.split() }}|{{ [odd] }}|{{ odd | length }}
{{ uni | length }}|{{ uni | upper }}|{{ uni | lower }}|{{ uni | title }}|{{ uni | capitalize }}|{{ uni[::-1] }}|{{ uni.title() }}|{{ uni | tojson }}
{{ text | replace('l', 'L') }}|{{ text | replace('l', 'L', 1) }}|{{ text.replace('l', '') }}|{{ text.replace('o', '0', 1) }}|{{ 'abc' | replace('', '-') }}
{{ text.split(', ') }}|{{ text.split('o', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ 'a b  c'.split(' ') }}|{{ ' a b '.split(None, 1) }}|{{ 'abc'.split('</x>')[-1] }}
{{ text.startswith('He') }}|{{ text.endswith('ld') }}|{{ text.find('o') }}|{{ text.rfind('o') }}|{{ text.find('z') }}|{{ text.count('l') }}|{{ '-'.join(words) }}|{{ '12'.isdigit() }}|{{ 'a1'.isalpha() }}
{{ '\n\nx\n'.lstrip('\n') }}|{{ 'xxaxx'.strip('x') }}|{{ 'xxaxx'.rstrip('x') }}|{{ 'abc'.removeprefix('a') }}|{{ 'abc'.removesuffix('c') }}|{{ "it's ok".title() }}|{{ "it's ok" | title }}|{{ 'HELLO wORLD'.capitalize() }}
{{ words | sort }}|{{ words | sort(reverse=true) }}|{{ words | sort(case_sensitive=true) }}|{{ list | sort | reverse | list }}|{{ people | sort(attribute='age') | map(attribute='name') | list }}
{{ list | first }}|{{ list | last }}|{{ empty | first }}|{{ list | min }}|{{ list | max }}|{{ list | sum }}|{{ people | sum(attribute='age') }}|{{ list | join('-') }}|{{ people | join(', ', attribute='name') }}|{{ [1,1,2] | unique | list }}
{{ people | map(attribute='name') | list }}|{{ words | map('upper') | list }}|{{ people | map(attribute='tags.vip', default=none) | list }}|{{ ['a', 'b'] | map('replace', 'a', 'x') | join }}
{{ people | selectattr('age', 'equalto', 30) | map(attribute='name') | list }}|{{ people | selectattr('tags') | list | length }}|{{ people | rejectattr('tags', 'defined') | list }}|{{ [1,2,3,4] | select('even') | list }}|{{ [0,1,''] | reject | list }}|{{ [1,2,3] | select('gt', 1) | list }}
{{ missing | default('d') }}|{{ '' | default('d') }}|{{ '' | default('d', true) }}|{{ none | default('d') }}|{{ nothing | d('x', boolean=true) }}|{{ missing.x | default('y') if missing is defined else 'undefined' }}
{{ map | tojson }}|{{ mixed | tojson }}|{{ text | tojson }}|{{ odd | tojson }}|{{ map | tojson(indent=2) }}|{{ [] | tojson(indent=2) }}|{{ {} | tojson }}|{{ half | tojson }}|{{ '<b>&\'"' | tojson }}
{{ '3' | int }}|{{ '3.7' | int }}|{{ 'x' | int }}|{{ 'x' | int(5) }}|{{ 3.9 | int }}|{{ '2.5' | float }}|{{ 2.567 | round(1) }}|{{ 2.4 | round }}|{{ 2.1 | round(0, 'ceil') }}|{{ -3 | abs }}|{{ 5 | string + 'x' }}|{{ true | string }}
{{ map | dictsort }}|{{ map | items | list }}|{{ map | length }}|{{ 'ab' | list }}|{{ {'a': 1} | list }}|{{ text | reverse }}|{{ range(3) | list }}|{{ range(2, 8, 3) | list }}|{{ range(3, 0, -1) | list }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ '<a href="x">' | e }}|{{ text | safe }}|{{ 'x' | escape | length }}
{{ missing is defined }}|{{ text is string }}|{{ number is number }}|{{ number is integer }}|{{ half is float }}|{{ map is mapping }}|{{ list is iterable }}|{{ text is iterable }}|{{ map is iterable }}|{{ list is sequence }}|{{ number is iterable }}|{{ nothing is none }}|{{ nothing is not none }}|{{ yes is true }}|{{ no is false }}|{{ 1 is true }}|{{ yes is boolean }}|{{ range is callable }}
{{ 4 is even }}|{{ 3 is odd }}|{{ 9 is divisibleby 3 }}|{{ 9 is divisibleby(4) }}|{{ 1 is eq 1 }}|{{ 'a' is in ['a'] }}|{{ 'a' is lower }}|{{ 'A' is upper }}|{{ not missing is defined }}|{{ missing is undefined }}|{{ true is number }}|{{ none is sameas none }}
{% for x in list %}{{ loop.index }}/{{ loop.length }}:{{ x }}{{ ',' if not loop.last }}{% endfor %}|{% for x in empty %}x{% else %}none{% endfor %}|{% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}
{% for x in list if x > 1 %}{{ loop.index0 }}{{ loop.first }}{{ loop.revindex }}{{ x }} {% endfor %}|{% for x in list %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}|{% for a in [1,2] %}{% for b in 'xy' %}{{ a }}{{ b }}{{ loop.index }}{{ loop.depth }} {% endfor %}{{ loop.index }}{% endfor %}
{% set x = 1 %}{% for i in list %}{% set x = x + i %}{{ x }},{% endfor %}{{ x }}|{% set ns = namespace(x=1, y='a') %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}
{% if no %}a{% elif missing %}b{% elif yes %}c{% else %}d{% endif %}|{% if yes %}{% set inside = 5 %}{% endif %}{{ inside }}|{% set a, b = 1, 2 %}{{ a }}{{ b }}|{% set t = (1, 2) %}{{ t[1] }}|{% set (c, d) = [3, 4] %}{{ c }}{{ d }}
{% set block %}x{{ text }}y{% endset %}{{ block }}|{% set up | upper %}abc{% endset %}{{ up }}|{% filter upper %}ab{{ text }}{% endfilter %}
{% macro m(a, b='d', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(c=3, a=0) }}{{ m() }}|{{ m(1) | upper }}|{{ m('x') ~ 'y' }}
{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}{% call wrap('b') %}in{{ text }}{% endcall %}|{% macro fact(n) %}{{ 1 if n < 2 else n * fact(n - 1) | int }}{% endmacro %}{{ fact(5) }}
{% set x = 1 %}{% macro see() %}{{ x }}{{ hidden }}{% endmacro %}{% for hidden in [9] %}{{ see() }}{% endfor %}
{# comment #}a {#- trimmed -#} b|{% raw %}{{ not }} {% nor %}{% endraw %}|{{ '{{' }}{{ '%}' }}
  {% if yes %}
    indented
  {% endif %}
tail
a {%- if yes %} b {%- endif %} c{{- ' d ' -}} e  {{ 'f' }}  g
  {%+ if yes %}kept{% endif +%}
x
{{ text.upper().lower().split(',')[0][1:].title() }}|{{ ('a', 'b') | join }}|{{ ((1)) }}|{{ [1, 2,] }}|{{ {'a': 1,}.a }}|{{ people[0]['tags']['vip'] }}|{{ people[0].tags.vip }}|{{ people.0.name }}
{{ dict(a=1, b='x') }}|{{ strftime_now('%d %b %Y %H:%M:%S %A %j %-d %B %y %p %I %%') }}|{{ strftime_now is defined }}
{{ "%s" }}|{{ 'a' is string and 'b' }}|{{ 1 if 'a' is string else 2 }}|{{ (list | length) > 2 }}|{{ list | length > 2 }}|{{ not list | length }}|{{ text | length - 1 }}|{{ -1 | abs }}
{{ [1, [2, {'a': 'it\'s', "b": "q\"'"}], none, 1.0, 'x\ny'] }}|{{ [missing] | length }}|{{ {'k': missing} | length }}
{%- for m in people -%}
  {{ m.name }}
  {%- if m.tags is defined and m.tags.vip %} *{% endif %}
{% endfor -%}
end
{{ missing.x }}
{{ missing() }}
{{ text + 1 }}
{{ none + 'x' }}
{{ 1 / 0 }}
{{ raise_exception('no: ' ~ text) }}
{{ number.foo.bar }}
{% for x in 5 %}{% endfor %}
{{ 1 < 'a' }}
{{ text | nofilter }}
{% nostatement %}
{{ 1 + }}
{% if yes %}
'''


def pieces():
    """Each line is a case, but for the groups of lines that `joined` names by their first."""
    lines = PIECES.strip("\n").split("\n")
    i, groups = 0, []
    joined = {"  {% if yes %}": 4, "  {%+ if yes %}kept{% endif +%}": 2, "{%- for m in people -%}": 5}
    while i < len(lines):
        n = joined.get(lines[i], 1)
        groups.append("\n".join(lines[i:i + n]))
        i += n
    return groups


def record(name, template, variables):
    case = {"name": name, "template": template, "variables": variables}
    try:
        case["expected"] = render(template, variables)
    except TemplateError as e:
        kind = "raised" if type(e) is TemplateError else "failed"
        case[kind] = str(e)
    except Exception as e:
        case["failed"] = f"{type(e).__name__}: {e}"
    return case


def main():
    cases = []
    for file in sorted((HERE / "templates").glob("*.jinja")):
        template = file.read_text()
        for name, messages in CONVERSATIONS.items():
            for setting, options in SETTINGS.items():
                variables = {"messages": messages, "bos_token": "<s>", "eos_token": "</s>", **options}
                case = record(f"{file.stem} {name} {setting}", template, variables)
                cases.append(case | {"template": file.stem})
    for i, piece in enumerate(pieces()):
        cases.append(record(f"piece {i}", piece, VALUES))
    for c in cases:                     # the values of the pieces are all the same: once is enough
        if c["name"].startswith("piece"):
            c.pop("variables")
    out = {"time": TIME, "values": VALUES, "cases": cases}
    f = HERE / "template_cases.json"
    f.write_text(json.dumps(out, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f.stat().st_size, "bytes,", len(cases), "cases,", sum("raised" in c for c in cases), "raised,",
          [(c["name"], c["failed"]) for c in cases if "failed" in c][:80])


if __name__ == "__main__":
    main()
