package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the official tests of JSON Schema do not say: the form of the texts, the rules of this library, and what is refused. */
class SchemaCompilerTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                // White space
                "{'const':[1,{'a':2}]}; [1, {'a': 2}]; [ 1,{'a':2}]",
                "{'type':'array'}; [1,[],{}]; [1,  2]",
                "{'type':'object'}; {'a': {}, 'b':[]}; {'a' :1}",
                // The form of strings and numbers
                "{'type':'string'}; 'é\\n\\u001f\\u001F\\\\'; '\\u00e9'",
                "{'type':'string'}; ''; '\\/'",
                "{'type':'integer'}; 123456789012345678; 1234567890123456789",
                "{'type':'integer'}; 0; -0",
                "{'type':'integer'}; -5; 5.0",
                "{'type':'number'}; -0.5e-10; 01",
                "{'type':'number'}; 1E+99; 1e100",
                "{'type':'integer','maximum':9223372036854775807}; 9223372036854775807; 9223372036854775808",
                "{'type':'integer','format':'int32'}; 2147483647; 2147483648",
                "{'type':'integer','format':'int32'}; -2147483648; -2147483649",
                "{'type':'integer','format':'int32','minimum':5}; 5; 4",
                "{'type':'integer','format':'int32','maximum':3000000000}; 2147483647; 2147483648",
                "{'type':'integer','format':'int16'}; -32768; 32768",
                "{'type':'integer','format':'int8'}; 127; 128",
                "{'type':'integer','format':'int64'}; 999999999999999999; 1.5",
                // Properties
                "{'properties':{'b':true,'a':true}}; {'b':1,'a':2}; {'a':2,'b':1}",
                "{'properties':{'a':{'const':1}}}; {}; {'c':1}",
                "{'properties':{'a':{'const':1}},'additionalProperties':true}; {'a':1,'c':1}; {'a':2}",
                "{'properties':{'a':{'const':1}},'additionalProperties':{'const':3}}; {'b':3,'aa':3}; {'b':3,'a':3}",
                "{'properties':{'a':{'const':1}},'required':['x','a']}; {'a':1,'x':[]}; {'x':[],'a':1}",
                "{'properties':{'a':{'const':1},'b':{'const':2}},'required':['b']}; {'b':2}; {'a':1}",
                "{'properties':{'a':false,'b':true}}; {'b':1}; {'a':1}",
                "{'properties':{'k\\'\\n':{'const':1}}}; {'k\\'\\n':1}; {'k':1}",
                // Arrays
                "{'prefixItems':[{'const':1},{'const':2}],'items':false,'minItems':1}; [1]; []",
                "{'prefixItems':[{'const':1}],'items':{'const':2},'minItems':2,'maxItems':3}; [1,2,2]; [1,2,2,2]",
                "{'maxItems':0}; []; [1]",
                "{'uniqueItems':false,'items':{'const':1}}; [1,1]; [2]",
                "{'uniqueItems':true,'items':{'$ref':'#/$defs/a'},'$defs':{'a':{'enum':[1,2],'type':'integer'}}}; [2,1]; [2,2]",
                "{'allOf':[{'uniqueItems':true},{'uniqueItems':false,'items':{'enum':[1,2]}}]}; [2,1]; [2,2]",
                "{'uniqueItems':true,'items':{'enum':[1,1.0,2]}}; [1,2]; [1,1.0]",
                // Types, values and joins
                "{'type':'string','nullable':true}; null; 1",
                "{'$ref':'#/$defs/a','nullable':true,'$defs':{'a':{'const':1}}}; null; 2",
                "{'type':['integer','string'],'enum':[1,'a',null,1.5]}; 'a'; null",
                "{'enum':[1,2,3],'const':2}; 2; 1",
                "{'minimum':3,'maxLength':1}; 'é'; 'éé'",
                "{'allOf':[{'minLength':2},{'maxLength':3}],'minLength':1}; 'abc'; 'a'",
                "{'allOf':[{'type':'number'},{'type':['integer','null']}]}; 7; 7.5",
                "{'allOf':[{'properties':{'a':{'minimum':1}}},{'properties':{'a':{'maximum':3}},'required':['a']}]}; {'a':2}; {'a':4}",
                "{'type':'object','properties':{'a':{},'b':{}},'additionalProperties':false,'anyOf':[{'required':['a']},{'required':['b']}]};"
                        + " {'b':1}; {}",
                "{'anyOf':[{'type':'null'},{'$ref':'#/definitions/t~1~0%25'}],'definitions':{'t/~%':{'const':9}}}; 9; 8",
                "{'items':{'$ref':'#'},'type':'array'}; [[],[[]]]; [1]",
                "{'title':1,'description':2,'default':3,'examples':4,'deprecated':true,'readOnly':true,'writeOnly':true,'$schema':5,'$id':6,'$comment':7,'const':8}; 8; 7",
                "true; [null]; nul",
                // Patterns of the content, not of its escapes
                "{'pattern':'^[^n]$'}; '\\n'; 'n'",
                "{'pattern':'^\\\\u0022$'}; '\\''; '\\u0022'",
                "{'pattern':'b','minLength':3,'maxLength':4,'format':'hostname'}; 'abc'; 'ab'"
            })
    void schemasHaveTheirTexts(String schema, String text, String other) {
        Texts texts = Texts.schema(quoted(schema));
        assertThat(texts.has(quoted(text))).isTrue();
        assertThat(texts.has(quoted(other))).isFalse();
    }

    private static String quoted(String text) {
        return text.replace("\\'", "\\\"").replace('\'', '"');
    }

    /** All arrays of up to four of three values, and only those without a value twice. */
    @Test
    void differentElementsAreDifferent() {
        Texts texts = Texts.schema(
                "{\"items\":{\"enum\":[\"a\",null,2]},\"uniqueItems\":true,\"minItems\":1,\"maxItems\":3}");
        String[] values = {"\"a\"", "null", "2"};
        int fitting = 0;
        for (int length = 0; length <= 4; length++) {
            for (int code = 0; code < Math.pow(3, length); code++) {
                List<String> array = new ArrayList<>();
                for (int i = 0, rest = code; i < length; i++, rest /= 3) {
                    array.add(values[rest % 3]);
                }
                boolean fits = length >= 1 && new HashSet<>(array).size() == length;
                assertThat(texts.has("[" + String.join(",", array) + "]"))
                        .as("%s", array)
                        .isEqualTo(fits);
                fitting += fits ? 1 : 0;
            }
        }
        assertThat(fitting).isEqualTo(3 + 6 + 6);
    }

    /** Bounds, digit by digit, against comparisons of numbers. */
    @Test
    void boundsAreExact() {
        SplittableRandom random = new SplittableRandom(1);
        int inside = 0;
        for (int i = 0; i < 400; i++) {
            int scale = random.nextInt(4);
            BigDecimal low = BigDecimal.valueOf(random.nextLong(-3000, 3000), scale);
            BigDecimal high = low.add(BigDecimal.valueOf(random.nextLong(1, 3000), random.nextInt(4)));
            boolean isOpenBelow = random.nextBoolean();
            boolean isOpenAbove = random.nextBoolean();
            Texts texts = Texts.schema("{\"type\":\"number\",\"%s\":%s,\"%s\":%s}"
                    .formatted(
                            isOpenBelow ? "exclusiveMinimum" : "minimum",
                            low,
                            isOpenAbove ? "exclusiveMaximum" : "maximum",
                            high));
            for (int j = 0; j < 60; j++) {
                BigDecimal near = switch (random.nextInt(4)) {
                    case 0 -> low;
                    case 1 -> high;
                    default -> BigDecimal.valueOf(random.nextLong(-4000, 6000), random.nextInt(5));
                };
                BigDecimal value = near.add(BigDecimal.valueOf(random.nextInt(3) - 1, random.nextInt(6)));
                int below = value.compareTo(low);
                int above = value.compareTo(high);
                boolean fits = (isOpenBelow ? below > 0 : below >= 0) && (isOpenAbove ? above < 0 : above <= 0);
                assertThat(texts.has(value.toPlainString()))
                        .as("%s from %s to %s", value, low, high)
                        .isEqualTo(fits);
                inside += fits ? 1 : 0;
            }
        }
        assertThat(inside).isBetween(4_000, 20_000);
    }

    @Test
    void boundsOfWholeNumbersAreExact() {
        for (int low = -120; low < 120; low += 7) {
            for (int high = low; high < 130; high += 11) {
                Texts texts = Texts.schema(
                        "{\"type\":\"integer\",\"minimum\":%s.5,\"maximum\":%s.5}".formatted(low, high + 1));
                for (int i = -140; i < 150; i++) {
                    boolean fits = i >= low + (low < 0 ? -0.5 : 0.5) && i <= high + 1 + (high + 1 < 0 ? -0.5 : 0.5);
                    assertThat(texts.has(Integer.toString(i)))
                            .as("%d from %d to %d", i, low, high)
                            .isEqualTo(fits);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '~',
            value = {
                "{'properties':{'a/b':{'not':{'uniqueItems':true}}}}; JSON Schema, #/properties/a~1b/not/uniqueItems: must not stand within 'not'",
                "{'items':{'uniqueItems':true}}; #/items/uniqueItems: must stand beside 'items' with an 'enum' of at most 10",
                "{'uniqueItems':true,'items':{'enum':[[1],2]}}; #/uniqueItems: must stand beside",
                "{'uniqueItems':true,'items':{'enum':[1,2,3,4,5,6,7,8,9,10,11]}}; #/uniqueItems: must stand beside",
                "{'uniqueItems':true,'items':{'enum':[1]},'prefixItems':[true]}; #/uniqueItems: must stand beside",
                "{'uniqueItems':true,'items':{'$ref':'#/items'}}; #/items: schemas must be nested at most 100 deep",
                "{'uniqueItems':1,'items':{'enum':[1]}}; #/uniqueItems: must be true or false",
                "{'items':[1]}; #/items/0: a schema must be an object, true or false, found 1",
                "{'type':'text'}; #/type: must be some of [object, array, string, number, integer, boolean, null], found ",
                "{'format':'regex'}; #/format: must be one of [date, date-time,",
                "{'pattern':'a\\\\b'}; JSON Schema, #/pattern: ",
                "{'multipleOf':0.12345}; #/multipleOf: must be a number above 0 whose digits are those of a whole number up to 10000, found ",
                "{'multipleOf':-1}; #/multipleOf: must be",
                "{'minLength':-1}; #/minLength: must be a whole number from 0",
                "{'minLength':'1'}; #/minLength: must be a number",
                "{'minimum':true}; #/minimum: must be a number, found true",
                "{'required':'a'}; #/required: must be an array, found ",
                "{'required':[1]}; #/required: must be an array of strings",
                "{'properties':[]}; #/properties: must be an object, found []",
                "{'nullable':1}; #/nullable: must be true or false",
                "{'$ref':'other.json'}; #/$ref: must point into this schema",
                "{'$ref':'#/$defs/x'}; must point to a schema that is there",
                "{'$ref':'#/%zz'}; #/$ref: must have escapes of two hexadecimal digits",
                "{'minimum':2,'maximum':1}; at least one text must fit",
                "{'minItems':2,'maxItems':1}; at least one text must fit",
                "{'pattern':'^a{5}$','maxLength':4}; at least one text must fit",
                "{'const':'\\ud800'}; #/const: must have no halves of surrogate pairs",
                "{'a':1,'a':2}; must be JSON",
                "{} {}; must be JSON",
                "7; a schema must be an object, true or false, found 7",
                "; must be"
            })
    void refusesWithThePlace(String schema, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Texts.schema(schema == null ? "" : quoted(schema)))
                .withMessageContaining(message);
    }
}
