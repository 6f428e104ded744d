package org.lora4j.text.chat.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.ProcessorTime;

/**
 * Templates that would compute for ever, fill the memory or the stack. The stack of the thread is small. Without the limits each of
 * them takes from minutes to for ever, or ends the JVM, so the time that a test waits says only that the limit holds.
 */
@Tag("slow")
class HostileTemplateTest {
    private static final int STACK = 512 * 1024;
    private static final String BIG = "{% set b = 'a' * 3000000 %}";

    /** What is repeated: a template may be long. */
    private static String expanded(String source) {
        String result = source;
        for (int at = result.indexOf('«'); at >= 0; at = result.indexOf('«')) {
            int end = result.indexOf('»', at);
            int times = result.indexOf('×', end);
            int stop = result.indexOf(';', times);
            result = result.substring(0, at)
                    + result.substring(at + 1, end).repeat(Integer.parseInt(result.substring(times + 1, stop)))
                    + result.substring(stop + 1);
        }
        return result.replace("BIG", BIG);
    }

    private static Object run(String source) throws Exception {
        return run(source, STACK);
    }

    private static Object run(String source, int stack) throws Exception {
        return ProcessorTime.limit(Duration.ofMinutes(1), stack, () -> {
            try {
                return JinjaTemplate.parse(source).render(Map.of()).text();
            } catch (JinjaException e) {
                return e;
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
                "{{ ['\\n' * 90000000] }}",
                "{{ ['\\n' * 9000000] * 1000 }}",
                "{{ [1] * 2000000000 }}",
                "{{ range(2000000000) | list | length }}",
                "BIG{% for i in range(100000) %}{% set x = b.find('b') %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = 'b' in b %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b.replace('b', 'c') %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b.split('b') %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b.strip('b') %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b == b ~ '' %}{% endfor %}",
                "BIG{% set c = b ~ 'x' %}{% for i in range(100000) %}{% set x = b < c %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b | tojson %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b[1000000] %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b | length %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b.upper() %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b.startswith(b) %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = b is upper %}{% endfor %}",
                "BIG{% for i in range(100000) %}{% set x = {'k': b}[b ~ i] %}{% endfor %}",
                "BIG{{ ([b] * 1000) | join }}",
                "BIG{{ ([b] * 1000) | tojson }}",
                "BIG{{ [b] * 1000 }}",
                "{{ 10 ** 10000 }}",
                "{{ 2 ** (2 ** 40) }}",
                "{% set ns = namespace(x=3) %}{% for i in range(100) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x }}",
                "{% set x = 10 ** 4000 %}{% for i in range(100000) %}{{ x * 7 // 3 }}{% endfor %}",
                "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(1000) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[], y=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f() %}{{ «[»×40;f()«]»×40; }}{% endmacro %}{{ f() }}",
                "{% macro f() %}«{% if 1 %}»×40;{{ f() }}«{% endif %}»×40;{% endmacro %}{{ f() }}",
                "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
                "{{ 'x' | indent('y' * 5000000, true) | indent('y' * 5000000, true) }}",
                "{{ 'a' | center(2000000000) }}",
                "{{ 'a'.ljust(2000000000) }}",
                "{{ 'a'.zfill(2000000000) }}",
                "{{ [1] | batch(2000000000, 1) | list | length }}",
                "{{ [1] | tojson(indent=1000000000) }}",
                "{{ [[[1]]] | tojson(indent='x' * 5000000) }}",
                "{{ ('a' * 1000000) | replace('', 'b' * 1000000) }}",
                "{{ ('a ' * 4000000).split() | length }}",
                "{{ ('a' * 5000000) | list | sort | length }}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(100000) %}{% set ns.x = ns.x | map('string') %}{% endfor %}{{ ns.x | list }}",
                "{{ [1]«|map('string')»×20000;|list }}",
                "{% for i in range(100000) %}«aaaaaaaaaa»×11;{% endfor %}",
                "{% set b %}{% for i in range(100000) %}«aaaaaaaaaa»×11;{% endfor %}{% endset %}",
                "{{ strftime_now('%d' * 1000000) | length }}",
                "{{ «(»×100000; }}",
                "{{ «[»×100000; }}",
                "{{ «-»×100000;1 }}",
                "{{ f«(f»×100000; }}",
                "{{ 1« if 1 else 1»×50000; }}",
                "«{% if true %}»×50000;",
                "«{% for x in y %}»×50000;",
                "«{% macro f() %}»×50000;",
                "«{% set x %}»×50000;",
                "«{%raw%}»×100000;",
                "«{#»×400000;",
                "{{ 1«0»×900000; }}",
                "{% set ns = namespace(t=1) %}«{% set ns.t = (ns.t, ns.t) %}»×60;{{ {}[ns.t] }}",
                "{% set ns = namespace(t=1) %}«{% set ns.t = (ns.t,) %}»×20000;{{ {}[ns.t] }}",
                "{% set b = 'a' * 9000000 %}{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = ns.l + ['a'|indent(b, true)] %}{% endfor %}",
                "{{ range(100000) | map(attribute='.' * 1000000, default=1) | list }}",
                "{{ range(100000) | map(attribute='.' * 9000000, default=1) | list }}",
                "BIG{% set d = {b: 1} %}{% set c = b ~ '' %}{% for i in range(100000) %}{% set x = d[c] %}{% endfor %}",
                "BIG{% set d = {b: 1} %}{% set c = b ~ '' %}{% for i in range(100000) %}{% set x = d.get(c) %}{% endfor %}",
                "BIG{% set d = {b: 1} %}{% set c = b ~ '' %}{% for i in range(100000) %}{% set x = c in d %}{% endfor %}",
                "BIG{% set n = namespace({b: 1}) %}{% set c = b ~ '' %}{% for i in range(100000) %}{% set x = n[c] %}{% endfor %}",
                "{{ ('ΐ' * 9900000).upper() }}",
                "{{ ('ΐ' * 9900000) | upper }}",
                "{{ ('İ' * 9900000).lower() }}",
                "{{ ('İ' * 9900000) | lower }}",
                "{{ ('İ' * 9900000) | capitalize }}",
                "{{ ('İ' * 9900000) | title }}",
                "{{ ('ΐ ' * 4900000) | title }}",
                "{{ ('ΐ ' * 4900000).title() }}",
                "{{ ('ΐ' * 9900000).swapcase() }}",
                "{{ ['İ' * 9900000] | sort | length }}",
                "{% for «(»×100000;x",
                "{% set «(»×100000;x",
                "{% set ns = namespace(g=[1]) %}«{% set ns.g = [ns.g]|map('first') %}»×19000;{{ ns.g|list }}"
            })
    void isRefused(String source) throws Exception {
        assertThat(run(expanded(source)))
                .isInstanceOfSatisfying(
                        JinjaException.class, refused -> assertThat(refused).hasMessageContaining("must"));
    }

    /** Names that a body sets have no value when each turn begins. */
    @Test
    void manyNamesInALoopAreRefused() throws Exception {
        StringBuilder source = new StringBuilder("{% for i in range(100000) %}{% continue %}");
        for (int i = 0; i < 20_000; i++) {
            source.append("{% set a").append(i).append(" = 1 %}");
        }
        assertThat(run(source.append("{% endfor %}").toString())).isInstanceOf(JinjaException.class);
    }

    /** A thread with a stack that is too small for the limits. */
    @Test
    void theEndOfTheStackIsRefused() throws Exception {
        String deep = expanded("{{ «[»×90;1«]»×90; }}");
        assertThat(run(deep, 64 * 1024))
                .isInstanceOfSatisfying(
                        JinjaException.class,
                        refused -> assertThat(refused).hasMessageContaining("the stack of the thread"));
    }

    /** What looks worse than it is: long chains are no deep nesting, and a search takes a time that grows with the lengths only. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "BIG{{ b.find('a' * 1500000 ~ 'b') }}",
                "BIG{{ ('a' * 1500000 ~ 'b') in b }}",
                "BIG{{ b.rfind('b' ~ 'a' * 1500000) }}",
                "BIG{{ b.count('a' * 1500000 ~ 'b') }}",
                "BIG{{ b.replace('a' * 1500000 ~ 'b', 'x') | length }}",
                "BIG{{ b.split('a' * 1500000 ~ 'b') | length }}",
                "BIG{{ b.rsplit('b' ~ 'a' * 1500000) | length }}",
                "BIG{{ b.strip('a' * 1000000) }}",
                "{{ ('ΐ' * 3000000).upper() | length }}",
                "{{ ('İ' * 4000000).lower() | length }}",
                "{{ ('İ' * 4000000) | float }}",
                "{{ (('Σ' ~ '.' * 1000) * 3000) | lower | length }}",
                "{{ 1« + 1»×200000; }}",
                "{{ 1« ~ 1»×200000; }}",
                "{{ x«|string»×100000; }}",
                "{{ «not »×100000;1 }}",
                "{{ 1« == 1»×100000; }}",
                "{% if 0 %}«{% elif 0 %}»×60000;{% endif %}",
                "{{ '«9»×900000;' | int }}",
                "{{ '«9»×900000;' | float }}"
            })
    void ends(String source) throws Exception {
        assertThat(run(expanded(source))).isInstanceOf(String.class);
    }
}
