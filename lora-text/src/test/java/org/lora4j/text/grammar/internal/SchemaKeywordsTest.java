package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each keyword means what the specification says: a text that fits, and one that does not. */
class SchemaKeywordsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                // Objects
                "{'properties':{'a':{'const':1}}}; {'b':2}; {'a':2}",
                "{'minLength':2}; 7; 'a'",
                "{'patternProperties':{'^a':{'type':'integer'}}}; {'ab':1,'b':'x'}; {'ab':'x'}",
                "{'patternProperties':{'^a':{'type':'integer'}},'additionalProperties':false}; {'ab':1}; {'b':1}",
                "{'patternProperties':{'^a':{'minimum':2},'b$':{'maximum':4}}}; {'ab':3,'b':1,'a':9}; {'ab':1}",
                "{'properties':{'ab':{'minimum':2}},'patternProperties':{'^a':{'maximum':4}}}; {'ab':4}; {'ab':5}",
                "{'properties':{'ab':{'minimum':2}},'patternProperties':{'^a':{'maximum':4}}}; {'ab':2}; {'ab':1}",
                "{'minProperties':2}; {'a':1,'b':2}; {'a':1}",
                "{'maxProperties':1,'properties':{'a':{},'b':{}}}; {'b':1}; {'a':1,'b':2}",
                "{'maxProperties':2,'properties':{'a':{},'b':{}}}; {'b':1,'c':1}; {'a':1,'b':2,'c':3}",
                "{'minProperties':2,'required':['a'],'properties':{'a':{},'b':{}}}; {'a':1,'b':2}; {'a':1}",
                "{'minProperties':2,'required':['a','b']}; {'a':1,'b':2}; {'a':1}",
                "{'maxProperties':0}; {}; {'a':1}",
                "{'propertyNames':{'pattern':'^[ab]+$'}}; {'ab':1}; {'c':1}",
                "{'propertyNames':{'enum':['a','b']},'properties':{'c':{}}}; {'a':1}; {'c':1}",
                "{'propertyNames':false}; {}; {'a':1}",
                "{'dependentRequired':{'a':['b']}}; {'b':1}; {'a':1}",
                "{'dependencies':{'a':['b'],'c':{'minProperties':2}}}; {'a':1,'b':1}; {'c':1}",
                "{'dependentSchemas':{'a':{'properties':{'b':{'const':2}}}}}; {'b':1}; {'a':1,'b':1}",
                "{'unevaluatedProperties':false,'properties':{'a':{}},'allOf':[{'properties':{'b':{}}}]}; {'a':1,'b':1}; {'c':1}",
                "{'unevaluatedProperties':false,'anyOf':[{'properties':{'a':{}}},{'required':['b'],'properties':{'b':{}}}]}; {'a':1,'b':1}; {'c':1}",
                "{'unevaluatedProperties':{'type':'string'},'if':{'required':['a']},'then':{'properties':{'a':{}}}}; {'a':1,'b':'x'}; {'b':1}",
                "{'allOf':[{'properties':{'a':{}},'additionalProperties':false},{'properties':{'b':{}}}]}; {'a':1}; {'b':1}",
                // Arrays
                "{'items':[{'const':1}],'additionalItems':{'const':2}}; [1,2]; [1,1]",
                "{'items':[{'const':1}],'additionalItems':false}; []; [1,1]",
                "{'allOf':[{'items':{'minimum':1}},{'prefixItems':[{'maximum':3}]}]}; [2,9]; [4]",
                "{'contains':{'const':5}}; [1,5,1]; [1,2]",
                "{'contains':{'const':5},'minContains':2,'maxContains':3,'maxItems':4}; [5,1,5]; [5,5,5,5]",
                "{'contains':{'const':5},'maxContains':1}; [5,1]; [5,1,5]",
                "{'contains':{'minimum':5},'items':{'type':'integer'},'minItems':2}; [1,9]; [9]",
                "{'allOf':[{'contains':{'const':1}},{'contains':{'const':2}}]}; [3,2,1]; [1,1]",
                "{'uniqueItems':true,'items':{'type':['boolean'],'enum':[true,false]}}; [true,false]; [true,true]",
                "{'unevaluatedItems':false,'prefixItems':[{}]}; [1]; [1,2]",
                // Joins
                "{'not':{'type':'string'}}; 1; 'a'",
                "{'type':'string','not':{'enum':['a','b']}}; 'ab'; 'a'",
                "{'type':'string','not':{'pattern':'^a'}}; 'ba'; 'ab'",
                "{'not':{'required':['a']}}; {'b':1}; {'a':1}",
                "{'not':{'properties':{'a':{'const':1}},'required':['a']}}; {'a':2}; {'a':1}",
                "{'not':{'additionalProperties':{'type':'string'}}}; {'a':'x','b':1}; {'a':'x'}",
                "{'not':{'patternProperties':{'^a':{'type':'string'}}}}; {'a':'x','ab':1}; {'b':1}",
                "{'not':{'items':{'type':'string'}}}; ['a',1]; ['a']",
                "{'not':{'contains':{'const':1}}}; [2]; [2,1]",
                "{'not':{'minimum':3}}; 2; 3",
                "{'type':'integer','not':{'multipleOf':3}}; 4; 6",
                "{'type':'number','not':{'type':'integer'}}; 1.5; 2",
                "{'oneOf':[{'minimum':3,'type':'integer'},{'maximum':5,'type':'integer'}]}; 9; 4",
                "{'oneOf':[{'required':['a']},{'required':['b']}],'type':'object'}; {'a':1}; {'a':1,'b':2}",
                "{'oneOf':[{'type':'string','maxLength':3},{'type':'string','minLength':2}]}; 'abcd'; 'abc'",
                "{'oneOf':[{'properties':{'k':{'const':1},'v':{'type':'string'}}},{'properties':{'k':{'const':2}}}],'required':['k']}; {'k':1,'v':'a'}; {'k':1,'v':2}",
                "{'oneOf':[{'properties':{'k':{'const':1}}},{'properties':{'k':{'const':2}}}],'type':'object'}; {'k':2}; {'v':1}",
                "{'anyOf':[{'required':['k']},{'required':['v']}],'oneOf':[{'properties':{'k':{'const':1}}},{'properties':{'k':{'const':2}}}],'type':'object'}; {'k':2}; {'v':1}",
                "{'not':{'oneOf':[{'type':'string'},{'enum':['a',1]}]}}; 'a'; 1",
                "{'if':{'properties':{'k':{'const':1}},'required':['k']},'then':{'required':['a']},'else':{'required':['b']}}; {'k':1,'a':2}; {'k':1,'b':2}",
                "{'if':{'type':'string'},'then':{'maxLength':1},'else':{'type':'null'}}; null; 'ab'",
                "{'allOf':[{'pattern':'a'},{'pattern':'b'}]}; 'ba'; 'aa'",
                "{'enum':[1,2,'abc','z'],'minimum':2,'minLength':2}; 'abc'; 'z'",
                "{'enum':[{'a':1},{'a':'x'},[1]],'properties':{'a':{'type':'string'}},'items':false}; {'a':'x'}; [1]",
                "{'$ref':'#/$defs/a','maximum':5,'$defs':{'a':{'minimum':3}}}; 4; 2",
                "{'$schema':'http://json-schema.org/draft-07/schema#','properties':{'x':{'$ref':'#/definitions/a','maximum':5}},'definitions':{'a':{'minimum':3}}}; {'x':9}; {'x':2}",
                "{'properties':{'x':{'$ref':'item#/$defs/n'}},'$defs':{'i':{'$id':'item','$defs':{'n':{'const':1}}}}}; {'x':1}; {'x':2}",
                "{'properties':{'x':{'$ref':'#here'}},'$defs':{'i':{'$anchor':'here','const':1}}}; {'x':1}; {'x':2}",
                // Numbers
                "{'type':'integer'}; 1.0; 1.5",
                "{'type':'integer','multipleOf':0.5}; 1E+308; 1E-1",
                "{'const':1}; 1.00; 2",
                "{'enum':[1.5]}; 1.50; 1.05",
                "{'$schema':'http://json-schema.org/draft-04/schema#','type':'integer'}; 1; 1.0",
                "{'minimum':1,'exclusiveMinimum':true}; 2; 1",
                "{'minimum':0}; 1E-7; -1",
                "{'exclusiveMinimum':0}; 1E-7; 0.0",
                "{'multipleOf':0.25}; -1.75; 1.3",
                "{'multipleOf':2.5}; 7.5; 7",
                "{'type':'integer','multipleOf':0.5}; 7; 7.5",
                "{'allOf':[{'multipleOf':4},{'multipleOf':6}]}; 24; 8",
                // Formats
                "{'format':'uri-reference'}; '../a?b#c'; ':a'",
                "{'format':'json-pointer'}; '/a~1b'; 'a'",
                "{'format':'iri'}; 'http://b\u00fccher.example/'; '//a'",
                "{'format':'uri-template'}; 'http://a/{x,y}'; '{'",
                // Order
                "{'allOf':[{'$ref':'#/$defs/a'},{'properties':{'b':{}}}],'$defs':{'a':{'properties':{'z':{}}}},'type':'object'}; {'z':1,'b':2}; {'b':2,'z':1,'z':2}"
            })
    void schemasHaveTheirTexts(String schema, String text, String other) {
        Texts texts = Texts.standard(quoted(schema));
        assertThat(texts.has(quoted(text))).isTrue();
        assertThat(texts.has(quoted(other))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "{'properties':{'a':{'const':1},'b':{}}}; {'b':1,'x':2,'a':1}; {'b':1,'a':2}",
                "{'properties':{'a':{},'b':{}},'required':['a'],'additionalProperties':false}; {'b':1,'a':2}; {'b':1}",
                "{'properties':{'a':{},'b':{}},'additionalProperties':false}; {}; {'b':1,'b':2}",
                "{'properties':{'a':{},'b':{}},'minProperties':2,'maxProperties':3}; {'x':1,'b':2}; {'x':1}",
                "{'properties':{'a':{},'b':{}},'minProperties':2,'maxProperties':2}; {'b':1,'a':2}; {'b':1,'x':2,'a':3}",
                "{'maxProperties':0,'properties':{'a':{}}}; {}; {'a':1}",
                "{'properties':{'a':{'$ref':'#'}},'required':['b'],'type':'object'}; {'b':1,'a':{'a':{'b':2},'b':3}}; {'b':1,'a':{}}",
                "{'const':{'a':1,'b':{'c':2,'d':3}}}; {'b':{'d':3,'c':2},'a':1}; {'b':{'d':3,'c':2}}"
            })
    void propertiesComeInAnyOrder(String schema, String text, String other) {
        Texts texts = Texts.of(GrammarSource.jsonSchema(quoted(schema), new SchemaRules(false, false, true)));
        assertThat(texts.has(quoted(text))).isTrue();
        assertThat(texts.has(quoted(other))).isFalse();
    }

    /** All subsets and orders of four properties, of which two are required. */
    @Test
    void everyOrderIsThereOnce() {
        Texts texts = Texts.of(GrammarSource.jsonSchema(
                quoted("{'properties':{'a':{},'b':{},'c':{},'d':{}},'required':['a','c'],'additionalProperties':false,"
                        + "'minProperties':3}"),
                new SchemaRules(false, false, true)));
        int fitting = 0;
        for (int code = 0; code < 3125; code++) {
            StringBuilder names = new StringBuilder();
            for (int rest = code; rest > 0; rest /= 5) {
                names.append(rest % 5 == 0 ? "" : "abcd".charAt(rest % 5 - 1));
            }
            String text = names.chars()
                    .mapToObj(name -> "\"" + (char) name + "\":0")
                    .collect(Collectors.joining(",", "{", "}"));
            boolean fits = names.chars().distinct().count() == names.length()
                    && names.length() >= 3
                    && names.indexOf("a") >= 0
                    && names.indexOf("c") >= 0;
            assertThat(texts.has(text)).as(text).isEqualTo(fits);
            fitting += fits ? 1 : 0;
        }
        assertThat(fitting).isGreaterThan(36);
    }

    private static String quoted(String text) {
        return text.replace('\'', '"');
    }

    @Test
    void unknownKeywordsAreAnnotations() {
        String schema = quoted(
                "{'x-order':1,'id':'a','readOnly':true,'properties':{'a':{'x-order':2,'format':'phone','$comment':'b'}}}");
        GrammarSource source = GrammarSource.jsonSchema(schema);
        assertThat(source.annotations()).containsExactly("x-order", "format: phone");
        assertThat(GrammarSource.zeroOrMore(source).annotations()).isEqualTo(source.annotations());
        assertThat(GrammarSource.sequence(List.of(source, GrammarSource.json())).annotations())
                .isEqualTo(source.annotations());
        SchemaRules strict = new SchemaRules(false, true, false);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GrammarSource.jsonSchema(schema, strict))
                .withMessageContaining("#/x-order: a keyword must be one that is supported, found \"x-order\"");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GrammarSource.jsonSchema(quoted("{'format':'phone'}"), strict))
                .withMessageContaining("#/format: must be one of [date, date-time,");
    }

    @Test
    void multiplesAreExact() {
        SplittableRandom random = new SplittableRandom(3);
        for (String divisor : new String[] {"0.3", "0.75", "12", "2.125", "100", "0.01"}) {
            Texts texts = Texts.standard("{\"multipleOf\":" + divisor + "}");
            int multiples = 0;
            for (int i = 0; i < 400; i++) {
                BigDecimal value = random.nextBoolean()
                        ? new BigDecimal(divisor).multiply(BigDecimal.valueOf(random.nextInt(-500, 500)))
                        : BigDecimal.valueOf(random.nextInt(-5000, 5000), random.nextInt(4));
                boolean fits = value.remainder(new BigDecimal(divisor)).signum() == 0;
                assertThat(texts.has(value.stripTrailingZeros().toPlainString()))
                        .as("%s of %s", value, divisor)
                        .isEqualTo(fits);
                multiples += fits ? 1 : 0;
            }
            assertThat(multiples).isGreaterThan(150);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'oneOf':[{'uniqueItems':true},{'minItems':2}]}",
                "{'uniqueItems':true,'items':{'type':'string'}}",
                "{'not':{'const':[1]}}",
                "{'$dynamicRef':'#a','$defs':{'x':{'$dynamicAnchor':'a'},'y':{'$dynamicAnchor':'a'}}}",
                "{'$ref':'http://example.com/other'}",
                "{'format':'idn-hostname'}"
            })
    void whatCannotBeHeldIsRefused(String schema) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GrammarSource.jsonSchema(quoted(schema)))
                .withMessageMatching("(?s)JSON Schema.*must.*found.*");
    }

    /** Each dependency doubles the alternatives. */
    @Test
    void tooManyAlternativesAreRefused() {
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            names.append(i == 0 ? "" : ",").append("\"a" + i + "\":[\"b" + i + "\"]");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GrammarSource.jsonSchema("{\"dependentRequired\":{" + names + "}}"))
                .withMessageContaining(
                        "#/dependentRequired: the alternatives of schemas that are joined must have at most");
    }
}
