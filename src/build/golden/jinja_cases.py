"""Makes templates by chance, and what Jinja writes for them, to compare the interpreter of lora-text with it.

    /usr/bin/python3 jinja_cases.py ../../../lora-text/src/test/resources/jinja/cases.json [COUNT [SEED]]

The file has the values that the templates read, and for each template the text; null means that Jinja refuses the template or the
values, or that the text depends on the machine, such as the address of a generator. Jinja 3.1.6 and Python 3.13 made the file of
the tests. Give another count and seed to compare more.
"""

import copy
import json
import random
import re
import sys
from pathlib import Path

from chat_templates import environment

VALUES = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": " Hi 🚀 there\n", "n": 3},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1.5, "b": [True, None]}}}]},
        {"role": "tool", "content": ""},
    ],
    "text": "Ab c-d é😀 ß\n x'\"y ",
    "word": "hello",
    "many": "a,b,,c,a",
    "lines": "one\n\n  two\r\nthree\n",
    "empty": "",
    "n": 7,
    "big": 12345678901234567890123,
    "x": 2.5,
    "neg": -3,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": [3, 1, 2],
    "names": ["b", "A", "a", "B", "😀", "\ufb01"],
    "mixed": [1, "a", None, True, 2.0],
    "deep": [[1, 2], [3, [4]]],
    "map": {"b": 1, "A": "x", "c": {"d": [1, {"e": "é"}]}, "items": 5},
    "none_map": {},
    "none_list": [],
}

# What chat templates do, and what once was computed in another way, by hand.
LISTED = r"""
{{ 10000000.0 }} {{ 1e-05 }} {{ 1e15 }} {{ 1e16 }} {{ 1e22 }} {{ 123456789.125 }} {{ 0.1 + 0.2 }} {{ -0.0 }} {{ 100.0 }} {{ 5e-324 }}
{{ 99999999999999999999 }} {{ 2 ** 100 }} {{ 9007199254740993 + 0 }} {{ 9223372036854775807 + 1 }} {{ big * big }} {{ big // 7 }} {{ -big % 7 }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7.5 // 2 }} {{ -7.5 % 2 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 10 ** -2 }} {{ 2 ** 0.5 }} {{ true + true }}
{{ 1e308 * 10 }} {{ 1e400 }} {{ -1e400 }} {{ 1e400 - 1e400 }}
{{ 1_000 }} {{ 0xff }} {{ 0b101 }} {{ 0o17 }} {{ 1.5e3 }} {{ 1e5 }} {{ 00 }}
{{ -1|abs }} {{ -2**2 }} {{ 2**3**2 }} {{ -x|abs }} {{ 2 ** -1 }} {{ -list[0] }} {{ +neg }}
{{ 9 == 9.0 }} {{ big == 1.2345678901234567e22 }} {{ 1 == true }} {{ '1' == 1 }} {{ none == false }} {{ [1] == (1,) }} {{ {1: 'a'}[1.0] }} {{ {true: 'a', 1: 'b'} }}
{{ many.split(',') }} {{ many.split(',', 1) }} {{ many.split(',', maxsplit=1) }} {{ many.split(sep=',') }} {{ many.rsplit(',', 1) }} {{ ' a  b '.split() }} {{ ' a  b c'.split(none, 1) }} {{ ''.split() }} {{ ''.split(',') }}
{{ 'aaa'.replace('a', 'b', 1) }} {{ 'aaa'|replace('a', 'b', 2) }} {{ 'aaa'|replace('a', 'b', count=1) }} {{ 'ab'.replace('', '-') }} {{ '😀b'.replace('', '-') }} {{ 'ab'.replace('', '-', 2) }}
{{ 'hello'.find('l', 3) }} {{ 'hello'.find('l', 0, 2) }} {{ '😀x😀y'.find('y') }} {{ '😀x'.find('x', -1) }} {{ 'hello'.rfind('l') }} {{ 'hello'.count('l') }} {{ 'aaaa'.count('aa') }} {{ 'ab'.count('') }}
{{ 'hello'.startswith(('x', 'he')) }} {{ 'hello'.endswith(('x', 'lo')) }} {{ 'hello'.startswith('l', 2) }} {{ 'hello'.startswith(()) }}
{{ map|tojson }} {{ map|tojson(sort_keys=true) }} {{ map|tojson(indent=2) }} {{ map|tojson(separators=(',', ':')) }} {{ text|tojson(ensure_ascii=true) }} {{ [1e-7, 1e22, big, 1.0, true, none]|tojson }} {{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }} {{ [[], {}, ()]|tojson(indent=2) }} {{ [1]|tojson(indent='\t') }}
{{ list|sort(reverse=true) }} {{ names|sort }} {{ names|sort(case_sensitive=true) }} {{ names|unique|list }} {{ names|unique(true)|list }} {{ map|dictsort }} {{ map|dictsort(true) }} {{ messages|sort(attribute='role')|map(attribute='role')|list }} {{ [{'a': {'b': 2}}, {'a': {'b': 1}}]|sort(attribute='a.b') }}
{{ '😀'[0] }} {{ '😀x'[1] }} {{ '😀x'[-1] }} {{ 'a😀b'[::-1] }} {{ '😀'|length }} {{ 'a😀'|list }} {{ '😀x'|first }} {{ 'x😀'|last }} {{ '😀x'|reverse }} {{ 'a😀b'[1:2] }}
{{ lines|indent }} {{ lines|indent(2, true) }} {{ lines|indent(2, first=true, blank=true) }} {{ 'a\nb'|indent('> ') }} {{ 'a'|indent }} {{ ''|indent(2, true) }}
{{ '\x41' }} {{ '\101' }} {{ '\u00e4' }} {{ '\U0001F600' }} {{ '\N{BULLET}' }} {{ '\q' }} {{ '\\' }} {{ "\"" }} {{ 'a\tb' }} {{ 'a' 'b' }}
{% for v in list %}{{ loop.depth }}{{ loop.depth0 }}{{ loop.index }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.changed(v > 1) }} {% endfor %}
{% for v in list|map('string') %}{{ loop.last }}{{ loop.nextitem }}{{ loop.revindex0 }}{% endfor %}
{{ (1, 'a') }} {{ () }} {{ (1,) }} {{ 1, 2 }} {{ map.items() }} {{ map.keys() }} {{ map.values() }} {{ map|items|list }} {{ (1, 2) + (3,) }} {{ (1, 2) < (1, 3) }} {{ {(1, 2): 'a'}[(1, 2)] }}
{{ '1d'|int }} {{ '12'|int }} {{ ' 42 '|int }} {{ '1.9'|int }} {{ '-1.9'|int }} {{ 'x'|int(5) }} {{ '0x1f'|int(base=16) }} {{ '0x1f'|int(0, 16) }} {{ 'ff'|int(base=16) }} {{ '1_0'|int }} {{ none|int }} {{ [1]|int(-1) }} {{ 2.9|int }} {{ 'inf'|int }} {{ '1e3'|int }} {{ true|int }}
{{ '1.5'|float }} {{ '1_0.5'|float }} {{ '1d'|float }} {{ 'nan'|float }} {{ 'x'|float(2) }} {{ 3|float }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ 15|round(-1) }} {{ [0.1, 0.2, 0.3]|sum }} {{ [[1], [2]]|sum(start=[]) }} {{ list|max }} {{ names|min }}
{{ missing is iterable }} {{ missing is sequence }} {{ missing is string }} {{ missing is mapping }} {{ missing is callable }} {{ missing|length }} {{ missing|list }} {{ missing == other }} {{ [missing] }} {{ missing|upper }} {{ 'a' ~ missing }} {{ missing|first }} {{ missing is none }} {{ missing in list }}
{{ nothing.name }} {{ nothing['name'] }} {{ list.name is defined }} {{ 5 .real is defined }} {{ map.items is defined }} {{ map['items'] }} {{ messages[0].items is defined }} {{ map.get('b') }} {{ map.get('q') }} {{ map.get('q', 1) }} {{ 'abc'.upper is callable }}
{{ 'a' if no }} {{ ('a' if no) is defined }} {{ 1 if no else 2 if no else 3 }} {{ not yes and no }} {{ not yes == no }} {{ 1 < 2 < 3 }} {{ 1 in list and 4 not in list }} {{ 'a' ~ (1 + 2) }} {{ 2 * 'ab' }} {{ [1] * 2 }}
{{ messages|selectattr('tool_calls')|list|length }} {{ messages|selectattr('tool_calls', 'defined')|list|length }} {{ messages|rejectattr('role', 'in', ['user', 'tool'])|map(attribute='role')|join('/') }} {{ messages|map(attribute='n', default=0)|list }} {{ list|select('gt', 1)|list }} {{ names|map('upper')|join }} {{ (messages|selectattr('role', 'equalto', 'none'))|first is undefined }}
{{ 'abc'|first }} {{ []|first is defined }} {{ [1, [2]]|string }} {{ list|join(', ') }} {{ messages|join('|', attribute='role') }} {{ names|batch(4, '-')|list }} {{ 'a b'|title }} {{ "it's o'clock (now) [x] <y> a-b"|title }} {{ "it's o'clock".title() }} {{ 'ß x'|title }} {{ 'ßx'.capitalize() }} {{ 'ǆ'.title() }} {{ 'ΑΣ'.lower() }}
{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'x'.partition('=') }} {{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'ab'.center(5, '*') }} {{ 'abc'.center(6, '*') }} {{ 'a'.ljust(3) }}| {{ '-'.join(['a', 'b']) }} {{ 'a\r\nb\n'.splitlines() }} {{ 'a\nb'.splitlines(true) }} {{ 'aB'.swapcase() }} {{ 'a b c'|truncate(3) }} {{ 'a b c d e f'|truncate(7, leeway=0) }}
{{ 'a' is lower }} {{ 'A1' is upper }} {{ 3 is odd }} {{ 3.0 is odd }} {{ 4 is divisibleby 2 }} {{ 1 is sameas true }} {{ true is sameas true }} {{ 'a' is in 'abc' }} {{ 1 is eq 1.0 }} {{ 1.0 is integer }} {{ true is integer }} {{ true is number }} {{ (1,) is sequence }} {{ {} is sequence }} {{ (list|map('abs')) is sequence }} {{ (list|map('abs')) is iterable }} {{ 3 is not even }}
{{ '<b>'|safe }} {{ ('<b>'|safe) + '<i>' }} {{ '<i>' + ('&'|safe) }} {{ ('<b>'|safe) ~ '<i>' }}
{{ "it's" }} {{ ["it's", 'a"b', "it's \"x\"", 'a\n\x00é😀\u200b'] }} {{ {'a': none, 1: [true]} }}
{% set ns = namespace(n=0, m={'a': 1}) %}{% for v in list %}{% set ns.n = ns.n + v %}{% set y = 1 %}{% endfor %}{{ ns.n }}{{ y is defined }}{{ ns.m.a }}{{ ns.q is defined }}{{ ns['n'] }}
{% macro m(a, b='d') %}<{{ a ~ b }}{{ varargs }}{{ kwargs }}>{% endmacro %}{{ m('a') }}{{ m('a', b='b') }}{{ m(1, 2, 3, q=4) }}{{ m() }}{{ m(*list) }}{{ m(**{'a': 1}) }}
{% macro m(a) %}[{{ caller(a) }}]{% endmacro %}{% call(u) m(3) %}{{ u + 1 }}{% endcall %}
{% macro f(n) %}{% if n %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(12) }}
{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(1) }}{{ m(b=2) }}{% set late = 1 %}{% macro l() %}{{ late }}{% endmacro %}{{ l() }}{% set late = 2 %}{{ l() }}
{% set a, b = (1, 2) %}{{ a }}{{ b }}{% set (c, d), e = (1, 2), 3 %}{{ d ~ e }}{% set t %} x {% endset %}[{{ t }}]{% set t | trim | upper %} x {% endset %}[{{ t }}]
{% for k, v in map.items() %}{{ k }}{{ loop.index }}{% if loop.index == 2 %}{% break %}{% endif %}{% else %}none{% endfor %}
{% for v in [] %}{% else %}none{% endfor %}{% for v in [1] %}{% break %}{% else %}none{% endfor %}{% for v in list if v > 5 %}{% else %}none{% endfor %}{% for v in missing %}{% else %}none{% endfor %}
{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}{% filter upper %}a{{ 1 }}{% endfilter %}{% print 1, 'a' %}{% raw %}{{ x }}{% endraw %}{# {{ x }} #}
{% if x: %}1{% endif %}{% if list, %}2{% endif %}{% if none %}{% elif yes %}3{% else %}4{% endif %}
{{ strftime_now('%d %b %Y %H:%M:%S %A %B %j %p %I %y %m %a %%') }} {{ strftime_now('%-d.%-m.') }}
{% for v in list %}{% generation %}{{ v }}{% set w = v %}{% endgeneration %}{{ w is defined }}{% endfor %}
{% if false %}{{ x|nofilter }}{{ x is notest }}{% endif %}{{ (x|nofilter) if no else 'b' }}
{{ '%s' | format(1) }} {{ '%s=%s' | format('a', none) }} {{ '%sr' | format(map) }} {{ '%(b)s-%(a)s %%' | format(a=1, b=[2, 'x']) }} {{ 'plain' | format }} {{ 5 | format }} {{ '%s' | format(missing) }}
{{ '%d %i %u' | format(3.9, true, -5) }} {{ '%5d|%-5d|%05d|%+d|% d|%.3d' | format(42, 42, 42, 42, 42, 7) }} {{ '%d' | format(big) }} {{ '%x %X %#x %o %#o %x' | format(255, 255, 255, 8, 8, -255) }} {{ '%d' | format(-0.5) }} {{ '%05d' | format(-42) }} {{ '%#.4x|%+08x' | format(255, 3) }}
{{ '%f %.2f %.0f %8.3f %-8.1f| %+.1f %08.2f' | format(x, 2.675, 2.5, x, x, x, -x) }} {{ '%f' | format(3) }} {{ '%F' | format(1e400) }} {{ '%f' | format(-1e400) }} {{ '%e %.2e %E %.0e' | format(12345.678, 0, 1e-7, 25) }} {{ '%.3f' | format(1e20) }} {{ '%010f' | format(1e400) }} {{ '%#.0f %#.0e' | format(3, 3) }} {{ '%f' | format(-0.0) }}
{{ '%g %g %g %g %G %g' | format(0.0001, 0.00001, 123456, 1234567, 1e-10, 0) }} {{ '%.3g %.10g %#g %g %.0g' | format(2.5, 0.1, 1, 100000, 25) }} {{ '%g %08.3g' | format(-2.5, 2.5) }}
{{ '%r %10s|%-6s|%.2s|%5.1s|%r' | format("it's", 'a😀', 'ab', 'a😀c', 'xyz', none) }} {{ '%c%c%c' | format(65, 'b', 128640) }} {{ '%5c|%-3c|' | format('x', 'y') }} {{ '%(a)s%(a)d' | format(a=true) }} {{ '%a' | format('ä') }} {{ '%ld %hd %Lf' | format(1, 2, 3) }}
{{ '%s' % 1 }} {{ '%s and %s' % ('a', 2.0) }} {{ '%(b)s' % map }} {{ '%s' % map }} {{ 'x' % map }} {{ 'x' % [1] }} {{ '%s' % [1] }} {{ '%s' % none }} {{ '%s' % 'a' }} {{ 'a' % () }} {{ '100%%' % () }} {{ '%.1f%%' % (12.34) }} {{ '%s' % missing }}
{{ list.index(1) }} {{ list.count(3) }} {{ dict(a=1, **{'b': 2}) }} {{ dict([('a', 1)]) }} {{ range(3)|list }} {{ range(5, 0, -2)|list }} {{ 2 in range(3) }} {{ range(4)[1:]|list }} {{ range(3)|length }}
"""
LISTED_LINES = [
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n",
    "a  {%- if true -%}  b  {%- endif %}  c",
    "  {{ 1 }}\n{# note #}\n  {%+ if true +%}\nx{% endif %}",
    "{% for v in list %}\n  {{ v }}\n{% endfor %}\n\n",
    "a\r\nb\rc\n{% raw -%}  \n x {%- endraw +%}\ny",
    "\u00a0{% if true %}x{% endif %}\u2003{# a -#}\n\n z",
    "x {% if true %}y{% endif %}\n{{- 'z' -}}\n  {% if true %}w{% endif %}",
    "{{ '{{ x }}' }}{{ \"%}\" }}{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a': 1}}}",
    "{# a #}\n{# b +#}\n{#- c #}  d",
    "{{ 'a\nb' }}{{ 'a\\\nb' }}",
]
# Wrong templates, and values that Python refuses.
WRONG = r"""
{{ 1 / 0 }}|{{ 1 // 0 }}|{{ 1 % 0.0 }}|{{ 0 ** -1 }}|{{ 'a' + 1 }}|{{ 1 + none }}|{{ [1] + (1,) }}|{{ missing.name }}|{{ missing() }}|{{ missing + 1 }}|{{ 'abc'.replace('a') }}|{{ 'abc'.find() }}|{{ 'a'.upper(1) }}|{{ 'abc'.startswith(['a']) }}|{{ 'a'.split('') }}|{{ 'a'.index('b') }}|{{ 'a'.strip(1) }}
{{ 1|upper(2) }}|{{ [1, 'a']|sort }}|{{ none|length }}|{{ 5|list }}|{{ 5|join }}|{{ none|abs }}|{{ 'a'|abs }}|{{ list|map('nofilter')|list }}|{{ list|select('notest')|list }}|{{ list|map }}x{% for v in list|map %}{% endfor %}|{{ missing|int }}|{{ missing|tojson }}|{{ {'a': missing}|tojson }}|{{ map.items()|tojson }}|{{ 1 < 'a' }}|{{ none < 1 }}|{{ {} < {} }}|{{ 1 in 5 }}|{{ 1 in 'a' }}|{{ [1] in map }}|{{ {[1]: 2} }}
{{ messages.append(1) }}|{{ messages[0].update({'role': 'x'}) }}|{{ map.pop('b') }}|{{ list.sort() }}|{% set x.y = 1 %}|{% set map.b = 1 %}|{% for a, b in [[1]] %}{% endfor %}|{% set a, b = 1 %}|{{ raise_exception('no') }}|{{ range(1000000)|list }}|{{ range(1, 2, 0) }}|{{ list[::0] }}|{{ nothing[1:] }}|{{ map[1:] }}|{{ list['a':] }}
{{ 1|nofilter }}|{{ 1 is notest }}|{% include 'a' %}|{% import 'os' as os %}|{% do list %}|{% break %}|{% for v in list %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}|{{ a b }}|{{ }}|{{ ! }}|{{ 'a }}|{# a|{{ 1|{% if true %}|{% endif %}|{{ f(1 }}|{{ (1] }}|{{ {1 2} }}|{{ 012 }}|{{ 1__0 }}|{{ '\x4' }}|{{ '\N{NO SUCH}' }}|{{ x is odd is even }}|{{ f(a=1, 2) }}|{{ f(a=1, a=2) }}|{% set none = 1 %}|{% set 1 = 2 %}|{% for true in list %}{% endfor %}|{{ 1 +}}|{% macro m(a=1, b) %}{% endmacro %}|{% call 1 %}{% endcall %}|{% raw %}x|{% for v in list recursive v %}{% endfor %}|{{ x..y }}|{{ x.1.y }}|{{ 1 if }}|{% if %}{% endif %}|{{ * }}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}|{% macro m(a) %}{% endmacro %}{{ m(b=1) }}|{{ 'a'|default(1, 2, 3) }}|{{ 'a'|trim(x=1) }}|{{ list|sort(true, false, none, 1) }}|{{ 1|tojson(x=1) }}|{{ map.get() }}|{{ dict(1) }}|{{ 'a'|round }}|{{ 1.5|round(method='up') }}|{{ map|dictsort(by='x') }}|{{ list|sum(start='a') }}|{{ loop.cycle() }}|{% for v in list %}{{ loop.cycle() }}{% endfor %}|{{ '%s' | format }}|{{ '%s' | format(1, 2) }}|{{ '%d' | format('a') }}|{{ '%d' | format(none) }}|{{ '%x' | format(1.5) }}|{{ '%f' | format('1') }}|{{ '%q' | format(1) }}|{{ 'a%' | format }}|{{ '%(a' | format(a=1) }}|{{ '%(a)s' | format(b=1) }}|{{ '%(a)s' | format(1) }}|{{ '%s' | format(1, a=2) }}|{{ '%c' | format('ab') }}|{{ '%c' | format(-1) }}|{{ '%d' | format(1e400) }}|{{ 'x' % 1 }}|{{ '%s%s' % 'ab' }}|{{ '%s' % () }}|{{ 1 % 'a' }}|{{ '%s' % (1, 2) }}
{{ 3|first }}|{{ (list|map('abs'))|last }}|{{ (list|map('abs'))|length }}|{{ 1e400|int }}
"""

TEXTS = ["text", "word", "many", "lines", "empty", "messages[1].content", "'a\\tb\\u00e4'", "'x'", "'-'", "' '", "'😀'", "'ab😀ab'", '"it\'s"', "'\\x41\\n'", "'l'", "'12'", "'1.5e3'", "' 42 '", "'0x1f'", "'1d'", "'1_0'", "'ǆ straße'", "''"]
NUMBERS = ["n", "big", "x", "neg", "0", "1", "2", "3", "10", "1.5", "-1", "-2.5", "1e16", "1e15", "1e-5", "0.0001", "1_000", "0x1F", "0b11", "0o17", "2.0", "yes", "no", "1e3", "123456789.125", "0.1"]
LISTS = ["list", "names", "mixed", "deep", "none_list", "messages", "(range(4)|list)", "(range(7, 1, -2)|list)", "[1, 2, 3]", "(1, 'a')", "()", "(1,)", "['x', 'y', 'x']", "[1, 1.0, true, 'a']", "[0.1, 0.2, 0.3]"]
MAPS = ["map", "none_map", "messages[0]", "{'z': 1, 'y': [1, 2], 'X': 'q'}", "{1: 'a', 'b': none}", "dict(a=1, b='c')", "messages[2].tool_calls[0].function"]
OTHERS = ["nothing", "missing", "yes", "no", "messages[0].missing", "namespace(a=1).a", "true", "None"]
SMALL = ["0", "1", "2", "3", "-1", "-2", "5", "100", "none", "n"]


class Chance:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, *some):
        return self.r.choice(some)

    def any(self, depth):
        kind = self.r.randrange(6)
        return [self.text, self.number, self.list, self.map, self.test, self.other][kind](depth)

    def other(self, depth):
        return self.pick(*OTHERS)

    def text(self, depth):
        if depth <= 0 or self.r.random() < 0.25:
            return self.pick(*TEXTS)
        t, u, s = (lambda: self.text(depth - 1)), (lambda: self.pick(*TEXTS)), (lambda: self.pick(*SMALL))
        made = self.r.randrange(34)
        if made == 0:
            return f"({t()} ~ {self.any(depth - 1)})"
        if made == 1:
            return f"({t()} + {t()})"
        if made == 2:
            return f"({t()} * {self.pick('0', '1', '3', '-1', 'yes')})"
        if made == 3:
            return f"{t()}[{s()}]"
        if made == 4:
            return f"{t()}[{self.pick('', s())}:{self.pick('', s())}]"
        if made == 5:
            return f"{t()}[{self.pick('', s())}:{self.pick('', s())}:{self.pick('-1', '2', '-2', '1', '')}]"
        if made in (6, 7):
            return f"{t()}.{self.pick('strip', 'lstrip', 'rstrip')}({self.pick('', u(), 'none')})"
        if made in (8, 9):
            return f"{t()}.{self.pick('upper', 'lower', 'capitalize', 'title', 'swapcase')}()"
        if made in (10, 11):
            return f"{t()}|{self.pick('upper', 'lower', 'capitalize', 'title', 'trim', 'string')}"
        if made == 12:
            return f"{t()}.replace({u()}, {u()}{self.pick('', ', 1', ', -1', ', count=2', ', 0')})"
        if made == 13:
            return f"{t()}|replace({u()}, {u()}{self.pick('', ', 1', ', count=2', ', 0', ', none')})"
        if made == 14:
            return f"{self.list(depth - 1)}|join({self.pick('', u(), 'n')})"
        if made == 15:
            return f"{self.any(depth - 1)}|string"
        if made in (16, 17):
            return f"{self.any(depth - 1)}|tojson{self.pick('', '', '(indent=2)', '(indent=0)', '(sort_keys=true)', '(ensure_ascii=true)', '(indent=4, ensure_ascii=true)')}"
        if made == 18:
            return f"{t()}|indent({self.pick('', '2', '2, true', 'width=1, blank=true', 'first=true', repr('> '))})"
        if made == 19:
            return f"{t()}|{self.pick('center', 'center(9)', 'truncate(3)', 'truncate(5, true)', 'truncate(6, false, end=' + repr('…') + ', leeway=0)', 'reverse', 'first', 'last')}"
        if made == 20:
            return f"{t()}.{self.pick('ljust', 'rjust', 'center')}({self.pick('8', '15', '0', '9, ' + repr('*'), '12, ' + repr('😀'))})"
        if made == 21:
            return f"{t()}.{self.pick('removeprefix', 'removesuffix')}({u()})"
        if made == 22:
            return f"{u()}.join({self.pick('names', 'list', 'word', 'many.split(' + repr(',') + ')', '[]')})"
        if made == 23:
            return f"{t()}.zfill({s()})"
        if made in (24, 25):
            return f"({t()} if {self.any(depth - 1)} else {t()})"
        if made == 26:
            return f"{self.any(depth - 1)}|default({u()}{self.pick('', ', true', ', boolean=true', ', false')})"
        if made == 27:
            return f"({t()} or {t()})"
        if made == 28:
            return f"({self.any(depth - 1)} and {t()})"
        if made == 29:
            return f"{self.map(depth - 1)}|tojson"
        if made == 30:
            return f"{t()}.{self.pick('partition', 'rpartition')}({u()})[{self.pick('0', '1', '2', '-1')}]"
        if made == 31:
            return f"{t()}.{self.pick('split', 'rsplit')}({u()})[{self.pick('0', '-1', '1')}]"
        if made == 32:
            return f"{self.map(depth - 1)}.{self.pick('get(' + u() + ')', 'get(' + u() + ', 0)', 'b', 'A', 'role')}"
        return f"{self.any(depth - 1)}|string|{self.pick('upper', 'trim', 'length', 'title')}"

    def number(self, depth):
        if depth <= 0 or self.r.random() < 0.25:
            return self.pick(*NUMBERS)
        a, s = (lambda: self.number(depth - 1)), (lambda: self.pick(*SMALL))
        u = lambda: self.pick(*TEXTS)
        made = self.r.randrange(20)
        if made < 6:
            return f"({a()} {self.pick('+', '-', '*', '/', '//', '%')} {a()})"
        if made == 6:
            return f"{a()} ** {self.pick('2', '3', '0', '-1', '10', '2 ** 2')}"
        if made == 7:
            return f"{self.pick('-', '+', '- -')}{a()}"
        if made == 8:
            return f"{a()}|abs"
        if made == 9:
            return f"{self.any(depth - 1)}|int{self.pick('', '(5)', '(default=none)', '(base=16)', '(7, 2)')}"
        if made == 10:
            return f"{self.any(depth - 1)}|float{self.pick('', '(1.5)', '(default=none)')}"
        if made == 11:
            return f"{a()}|round{self.pick('', '(1)', '(2, ' + repr('floor') + ')', '(method=' + repr('ceil') + ')', '(-1)')}"
        if made == 12:
            return f"{self.pick(self.list(depth - 1), self.text(depth - 1), self.map(depth - 1))}|{self.pick('length', 'count')}"
        if made == 13:
            return f"{self.text(depth - 1)}.{self.pick('find', 'rfind', 'count', 'index')}({u()}{self.pick('', '', ', ' + s(), ', ' + s() + ', ' + s())})"
        if made == 14:
            return f"{self.list(depth - 1)}|{self.pick('sum', 'min', 'max', 'first', 'last')}"
        if made == 15:
            return f"{self.list(depth - 1)}[{s()}]"
        if made == 16:
            return f"{self.text(depth - 1)}|wordcount"
        if made == 17:
            return f"({a()} if {self.test(depth - 1)} else {a()})"
        if made == 18:
            return f"{self.list(depth - 1)}.{self.pick('index', 'count')}({self.any(0)})"
        return f"{a()} * {a()}"

    def list(self, depth):
        if depth <= 0 or self.r.random() < 0.25:
            return self.pick(*LISTS)
        v, s = (lambda: self.list(depth - 1)), (lambda: self.pick(*SMALL))
        u = lambda: self.pick(*TEXTS)
        made = self.r.randrange(20)
        if made == 0:
            return f"({v()} + {v()})"
        if made == 1:
            return f"({v()} * {self.pick('2', '0', '-1')})"
        if made == 2:
            return f"{v()}[{self.pick('', s())}:{self.pick('', s())}{self.pick('', ':-1', ':2', ':-2')}]"
        if made in (3, 4):
            return f"{self.text(depth - 1)}.{self.pick('split', 'rsplit')}({self.pick('', u(), u() + ', 1', 'none, 1', 'sep=' + u(), 'maxsplit=1', u() + ', maxsplit=2')})"
        if made == 5:
            return f"{self.text(depth - 1)}.splitlines({self.pick('', 'true')})"
        if made == 6:
            return f"{v()}|sort{self.pick('', '(true)', '(reverse=true)', '(case_sensitive=true)')}"
        if made == 7:
            return f"{v()}|unique{self.pick('', '(true)', '(case_sensitive=true)')}|list"
        if made == 8:
            return f"{v()}|reverse|list"
        if made == 9:
            return f"{self.map(depth - 1)}|dictsort{self.pick('', '(true)', '(by=' + repr('value') + ')', '(reverse=true)', '(false, ' + repr('key') + ', true)')}"
        if made == 10:
            return f"{v()}|map({self.pick(*map(repr, ['upper', 'string', 'int', 'length', 'tojson', 'abs']), 'attribute=' + repr('role'), 'attribute=0', 'attribute=' + repr('x') + ', default=9')})|list"
        if made == 11:
            return f"{v()}|{self.pick('select', 'reject')}({self.pick('', *map(repr, ['string', 'number', 'defined', 'none', 'odd']), repr('in') + ', list', repr('equalto') + ', 1', repr('gt') + ', 1')})|list"
        if made == 12:
            return f"messages|{self.pick('selectattr', 'rejectattr')}({self.pick(repr('content'), repr('role') + ', ' + repr('equalto') + ', ' + repr('user'), repr('n') + ', ' + repr('defined'), repr('role') + ', ' + repr('in') + ', [' + repr('user') + ']')})|{self.pick('list|length', 'map(attribute=' + repr('role') + ')|list', 'list')}"
        if made == 13:
            return f"{self.map(depth - 1)}.{self.pick('keys', 'values', 'items')}(){self.pick('', '|list')}"
        if made == 14:
            return f"{self.map(depth - 1)}|items|list"
        if made == 15:
            return f"[{self.any(depth - 1)}, {self.any(depth - 1)}]"
        if made == 16:
            return f"({self.any(depth - 1)}, {self.any(depth - 1)})"
        if made == 17:
            return f"{self.pick(self.text(depth - 1), self.map(depth - 1), v())}|list"
        if made == 18:
            return f"{v()}|batch({self.pick('2', '3', '2, 0')})|list"
        return f"range({s()}{self.pick('', ', ' + s(), ', ' + s() + ', ' + s())})|list"

    def map(self, depth):
        if depth <= 0 or self.r.random() < 0.5:
            return self.pick(*MAPS)
        made = self.r.randrange(4)
        if made == 0:
            return f"{{{self.pick(self.text(0), self.number(0), self.other(0))}: {self.any(depth - 1)}, {self.text(0)}: {self.any(depth - 1)}}}"
        if made == 1:
            return f"dict({self.map(depth - 1)}, k={self.any(depth - 1)})"
        if made == 2:
            return f"{self.map(depth - 1)}.{self.pick('c', 'd', 'items()', 'function', 'copy()')}"
        return f"messages[{self.pick('0', '1', '2', '-1', '9')}]"

    def test(self, depth):
        a = lambda: self.any(depth - 1)
        made = self.r.randrange(12)
        if made < 3:
            return f"({a()} {self.pick('==', '!=')} {a()})"
        if made == 3:
            return f"({self.number(depth - 1)} {self.pick('<', '<=', '>', '>=')} {self.number(depth - 1)})"
        if made == 4:
            return f"({self.text(depth - 1)} {self.pick('<', '<=', '>', '>=', 'in', 'not in')} {self.text(depth - 1)})"
        if made == 5:
            return f"({a()} {self.pick('in', 'not in')} {self.pick(self.list(depth - 1), self.map(depth - 1))})"
        if made in (6, 7):
            return f"({a()} is {self.pick('', 'not ')}{self.pick('defined', 'undefined', 'none', 'string', 'mapping', 'iterable', 'sequence', 'number', 'integer', 'float', 'boolean', 'true', 'false', 'even', 'odd', 'divisibleby 2', 'divisibleby(3)', 'callable', 'lower', 'upper', 'in list', 'equalto 1', 'eq(2.0)', 'ne 1', 'lt 3', 'ge(2)', 'sameas none', 'sameas true')})"
        if made == 8:
            return f"(not {a()})"
        if made == 9:
            return f"{self.text(depth - 1)}.{self.pick('startswith', 'endswith')}({self.pick(self.pick(*TEXTS), '(' + self.pick(*TEXTS) + ', ' + self.pick(*TEXTS) + ')', self.pick(*TEXTS) + ', ' + self.pick(*SMALL))})"
        if made == 10:
            return f"{self.text(depth - 1)}.{self.pick('isalpha', 'isdigit', 'isalnum', 'isspace', 'isupper', 'islower', 'isdecimal', 'isascii')}()"
        return f"({self.number(depth - 1)} < {self.number(depth - 1)} <= {self.number(depth - 1)})"

    # Statements

    def space(self):
        return self.pick("", "", " ", "\n", "\n  ", "  \n", "\t", "\n\n", "x", " y ", "x\n", "\n  z", "\r\n", "{", "}")

    def tag(self, what):
        return "{%" + self.pick("", "", "", "-", "+") + " " + what + " " + self.pick("", "", "", "-", "+") + "%}"

    def out(self, what):
        return "{{" + self.pick("", "", "", "-", "+") + " " + what + " " + self.pick("", "", "", "-") + "}}"

    def body(self, depth):
        return "".join(self.space() + self.statement(depth) for _ in range(self.r.randrange(1, 4))) + self.space()

    def statement(self, depth):
        made = self.r.randrange(15 if depth > 0 else 3)
        names = ["v", "w", "u", "word", "n"]
        if made == 0:
            return self.out(self.any(1))
        if made == 1:
            return self.tag(f"set {self.pick(*names)} = {self.any(1)}")
        if made == 2:
            return self.out(self.pick(*names, "loop.index", "loop.last", "loop.length", "loop.revindex0", "loop.previtem", "loop.nextitem", "loop.first", "loop.depth", "loop.index0 % 2", "ns.v", "loop.cycle('a', 'b')", "loop.changed(v)"))
        if made == 3:
            return self.tag(f"if {self.test(1)}") + self.body(depth - 1) + self.pick("", self.tag(f"elif {self.any(1)}") + self.body(depth - 1)) + self.pick("", self.tag("else") + self.body(depth - 1)) + self.tag("endif")
        if made in (4, 5, 6):
            target, some = self.pick(("v", self.list(1)), ("v, w", "map.items()"), ("v", self.text(1)), ("w", "messages"), ("v", "range(3)"), ("v, w", "map|dictsort"), ("(v, w)", "deep"), ("v", "list|map('string')"))
            return self.tag(f"for {target} in {some}{self.pick('', '', ' if ' + self.test(1), ' if loop is undefined', ' if v')}") + self.body(depth - 1) + self.pick("", self.tag("if loop.index == 2") + self.tag(self.pick("break", "continue")) + self.tag("endif") + self.space()) + self.pick("", self.tag("else") + self.body(depth - 1)) + self.tag("endfor")
        if made == 7:
            return "{# " + self.pick("note", "{{ x }}", "a\nb") + " " + self.pick("", "-", "+") + "#}"
        if made == 8:
            return self.tag("raw") + self.pick("{{ x }}", "a\n  {% b %}", " ") + self.tag("endraw")
        if made == 9:
            return self.tag("set ns = namespace(v=1)") + self.tag("for v in list") + self.tag("set ns.v = ns.v + v") + self.tag("endfor") + self.out("ns.v")
        if made == 10:
            return self.tag(f"set v{self.pick('', ' | upper', ' | trim | length')}") + self.body(depth - 1) + self.tag("endset") + self.out("v")
        if made == 11:
            return self.tag(f"macro m(a, b={self.any(1)}, c='z')") + self.body(depth - 1) + self.out("a ~ b ~ c") + self.pick("", self.out("varargs|length"), self.out("kwargs|tojson"), self.out("caller()")) + self.tag("endmacro") + self.out(f"m({self.pick('', '1', '1, 2', '1, c=3', 'b=2', '1, 2, 3, 4', 'q=1', '*list', '**map', '*list, **dict(b=1)')})")
        if made == 12:
            return self.tag("macro k(a)") + "<" + self.out("a") + self.out("caller(a)") + ">" + self.tag("endmacro") + self.tag("call(u) k(1)") + self.body(depth - 1) + self.out("u") + self.tag("endcall")
        if made == 13:
            return self.tag(f"filter {self.pick('upper', 'trim', 'indent(2)', 'replace(' + repr('a') + ', ' + repr('bb') + ')|length')}") + self.body(depth - 1) + self.tag("endfilter")
        return self.tag(f"with v = {self.any(1)}, w = v") + self.body(depth - 1) + self.tag("endwith")


# What has no text of its own: it contains an address, or belongs to Python.
NO_TEXT = re.compile(r" at 0x|<built-in|<bound|<function|<class|<Macro|<Namespace|<LoopContext|\brange\(\d|reverseiterator")


def expected(source):
    try:
        text = environment().from_string(source).render(**copy.deepcopy(VALUES))
    except Exception:
        return None
    return None if NO_TEXT.search(text) else text


def listed():
    for source in [line for line in LISTED.strip().split("\n")] + LISTED_LINES:
        text = expected(source)
        if text is None:
            raise ValueError("Jinja must write a text for " + source)
        yield [source, text]
    for source in re.split(r"\|(?={[{%#])|\n", WRONG.strip()):
        if expected(source) is not None:
            raise ValueError("Jinja must refuse " + source)
        yield [source, None]


def main(file, count, seed):
    chance = Chance(seed)
    cases = list(listed())
    count += len(cases)
    while len(cases) < count:
        kind = chance.r.random()
        source = "{{ " + chance.any(chance.pick(1, 2, 2, 3)) + " }}" if kind < 0.75 else chance.body(2)
        if len(source) > 400:
            continue
        text = expected(source)
        # Few of those that fail are enough.
        if (text is not None and len(text) < 2000) or chance.r.random() < 0.15:
            cases.append([source, text if text is None or len(text) < 2000 else None])
    lines = [json.dumps(case, ensure_ascii=False) for case in cases if case[1] is not None or expected(case[0]) is None]
    file.write_text('{"values": ' + json.dumps(VALUES, ensure_ascii=False) + ',\n"cases": [\n' + ",\n".join(lines) + "\n]}\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4000, int(sys.argv[3]) if len(sys.argv) > 3 else 1)
