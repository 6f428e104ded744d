package org.lora4j.text.tokens.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused here ended the JVM with the native library, or took memory or time without a bound. */
class TokenizerCheckTest {
    private static final String WORDS = "{'type':'WordLevel','vocab':{'a':0,'b':1,'[UNK]':2},'unk_token':'[UNK]'}";

    private static String file(String field, String value) {
        return "{'model':%s,'%s':%s}".formatted(WORDS, field, value).replace('\'', '"');
    }

    private static void check(String file) throws IOException {
        TokenizerCheck.require("tokenizer.json", file.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertRefused(String file, String message) {
        assertThatIOException()
                .isThrownBy(() -> check(file))
                .withMessageStartingWith("tokenizer.json: ")
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'String':''}",
                "{'Regex':''}",
                "{'Regex':'a*'}",
                "{'Regex':'^'}",
                "{'Regex':'$'}",
                "{'Regex':'(?=a)'}"
            })
    void aPatternThatMatchesNoCharacterIsRefusedAnywhere(String pattern) {
        String replace = "{'type':'Replace','pattern':" + pattern + ",'content':'x'}";
        assertRefused(file("normalizer", replace), "the pattern of a Replace must match at least one character");
        assertRefused(
                file("normalizer", "{'type':'Sequence','normalizers':[{'type':'NFC'}," + replace + "]}"),
                "the pattern of a Replace");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'String':' '}", "{'Regex':' {2,}'}", "{'Regex':'``'}", "{'Regex':'\\\\s+'}", "{'Regex':'(?<x'}"
            })
    void otherPatternsAreNot(String pattern) {
        assertThatCode(() -> check(file("normalizer", "{'type':'Replace','pattern':" + pattern + ",'content':'x'}")))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pre_tokenizer | {'type':'FixedLength','length':0} | the length of FixedLength must be at least 1",
                "decoder | {'type':'Sequence','decoders':[{'type':'Strip','content':'a','start':0,'stop':1}]} | must have 0 as its stop",
                "post_processor | {'type':'TemplateProcessing','single':[{'Sequence':{'id':'B','type_id':0}}],'pair':[],'special_tokens':{}} | the template 'single' must have only the texts [A]",
                "post_processor | {'type':'TemplateProcessing','single':[],'pair':[{'SpecialToken':{'id':'x','type_id':0}}],'special_tokens':{}} | each token of the template 'pair' must be one of special_tokens",
                "post_processor | {'type':'BertProcessing','sep':['a',2147483648],'cls':['a',0]} | the id of a token must be from 0 to 3999999, found 2147483648",
                "post_processor | {'type':'TemplateProcessing','single':[],'pair':[],'special_tokens':{'a':{'id':'a','ids':[4000000],'tokens':['a']}}} | must be from 0 to 3999999, found 4000000",
                "added_tokens | [{'id':99999999999999999999,'content':'a'}] | added_tokens: the id of a token must be from 0 to",
                "normalizer | {'type':'Prepend','prepend':''} | a Prepend must have at least one character",
                "normalizer | {'type':'Precompiled','precompiled_charsmap':''} | the table of characters of Precompiled",
                "normalizer | {'type':'Precompiled','precompiled_charsmap':'!'} | found no Base64",
            })
    void refusesWhatEndsTheJvm(String field, String value, String message) {
        assertRefused(file(field, value), message);
    }

    @Test
    void refusesATableThatLeadsOutOfItselfOrIntoACharacter() {
        // The first unit leads to the others; that of the character 'a' has a leaf.
        int[] trie = new int[512];
        trie[0] = 256 << 10;
        trie[256 ^ 'a'] = 'a' | 1 << 8 | 128 << 10;
        trie[256 ^ 'a' ^ 128] = 1 << 31 | 1;
        assertThat(CharacterMap.problem(table(trie, "x\0y\0"))).isNull();
        assertThat(CharacterMap.problem(table(trie, "é\0"))).isEqualTo("a trie that leads into the middle of a text");
        assertThat(CharacterMap.problem(table(trie, "x"))).isEqualTo("a trie that leads into the middle of a text");
        trie[256 ^ 'a'] = 'a' | 1 << 8 | 4096 << 10;
        assertThat(CharacterMap.problem(table(trie, "x\0y\0"))).isEqualTo("a trie that leads out of its 512 places");
        trie[0] = 512 << 10;
        assertThat(CharacterMap.problem(table(trie, "x\0y\0"))).isEqualTo("a trie that leads out of its 512 places");
    }

    private static String table(int[] trie, String texts) {
        byte[] bytes = texts.getBytes(StandardCharsets.UTF_8);
        ByteBuffer table = ByteBuffer.allocate(Integer.BYTES * (trie.length + 1) + bytes.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(Integer.BYTES * trie.length);
        for (int unit : trie) {
            table.putInt(unit);
        }
        return Base64.getEncoder().encodeToString(table.put(bytes).array());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "['a b'] | ## | the second part of each merge must begin with the prefix '##'",
                "[['a','b']] | ## | the second part of each merge must begin with the prefix '##'",
                "['a éb'] | é | must be ASCII",
            })
    void refusesMergesThatTheirPrefixDoesNotFit(String merges, String prefix, String message) {
        String model =
                "{'model':{'type':'BPE','vocab':{'a':0,'b':1,'ab':2},'merges':%s,'continuing_subword_prefix':'%s'}}"
                        .formatted(merges, prefix)
                        .replace('\'', '"');
        assertRefused(model, message);
    }

    @Test
    void mergesWithTheirPrefixAreRead() {
        assertThatCode(() -> check("{'model':{'continuing_subword_prefix':'##','merges':['a ##b'],'vocab':{}}}"
                        .replace('\'', '"')))
                .doesNotThrowAnyException();
    }

    @Test
    void boundsWhatIsAddedToEachText() {
        String ids = IntStream.range(0, 100).mapToObj(i -> "0").collect(Collectors.joining(",", "[", "]"));
        String piece = "{'SpecialToken':{'id':'a','type_id':0}}";
        String template =
                "{'type':'TemplateProcessing','single':[%s],'pair':[],'special_tokens':{'a':{'id':'a','ids':%s}}}";
        assertThatCode(() -> check(file("post_processor", template.formatted((piece + ",").repeat(9) + piece, ids))))
                .doesNotThrowAnyException();
        assertRefused(
                file("post_processor", template.formatted((piece + ",").repeat(10) + piece, ids)),
                "the template 'single' must have at most 1000 special tokens, found 1100");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type':'Replace','pattern':{'Regex':'.'},'content':''}",
                "{'type':'Replace','pattern':{'String':'ab'},'content':' '}",
                "{'type':'Sequence','normalizers':[{'type':'Replace','pattern':{'String':'b'},'content':' '},"
                        + "{'type':'Replace','pattern':{'String':'a'},'content':''},{'type':'Strip'}]}",
            })
    void theNormalizerLeavesCharactersOfEachAddedToken(String normalizer) {
        String file = "{'added_tokens':[{'id':3,'content':'ab','normalized':%s}],'normalizer':%s}".replace('\'', '"');
        String changes = normalizer.replace('\'', '"');
        assertThatCode(() -> check(file.formatted(false, changes))).doesNotThrowAnyException();
        assertRefused(file.formatted(true, changes), "the normalizer must leave characters of each added token");
    }

    @Test
    void addedTokensOfSpacesAreReadIfNothingChangesThem() {
        assertThatCode(
                        () -> check(
                                "{\"added_tokens\":[{\"id\":3,\"content\":\"  \",\"normalized\":true}],\"normalizer\":{\"type\":\"NFC\"}}"))
                .doesNotThrowAnyException();
    }

    @Test
    void boundsTheAddedTokens() {
        String token = "{'id':1,'content':'a'}";
        assertThatCode(() -> check(file("added_tokens", "[" + (token + ",").repeat(29_999) + token + "]")))
                .doesNotThrowAnyException();
        assertRefused(
                file("added_tokens", "[" + (token + ",").repeat(30_000) + token + "]"),
                "must have at most 30000 added tokens");
    }

    @Test
    void refusesSettingsOfManyBytes() {
        assertRefused(
                file("decoder", "[" + "[],".repeat(6_000_000) + "[]]"),
                "the settings beside the vocabulary must have at most 16000000 bytes, found 18000004");
    }

    @Test
    void findsSettingsWhateverTheirNamesLookLike() {
        assertRefused("{\"pre\\u005ftokenizer\":{\"type\":\"FixedLength\",\"length\":0}}", "the length of FixedLength");
        assertRefused(
                "{\"model\":{\"vocab\":{\"\\\"}\":0,\"\\\\\":1,\"{[\":2}},\"normalizer\":{\"type\":\"Prepend\",\"prepend\":\"\"}}",
                "a Prepend must have at least one character");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "{\"a\"",
                "{\"a\":",
                "{\"a\":}",
                "{\"a\":1",
                "{\"a\":1 2}",
                "{\"a\":{}",
                "{a:1}",
                "{\"a\":\"",
                "{\"a"
            })
    void refusesWhatIsNoJson(String file) {
        assertRefused(file, "must be a file of Hugging Face's tokenizers, found no JSON: ");
    }

    @Test
    void refusesBytesThatAreNoText() {
        byte[] file = "{\"model\":{\"vocab\":{\"\u00e9\":0}}}".getBytes(StandardCharsets.ISO_8859_1);
        assertThatIOException()
                .isThrownBy(() -> TokenizerCheck.require("tokenizer.json", file))
                .withMessage(
                        "tokenizer.json: must be a file of Hugging Face's tokenizers, found text that is not UTF-8");
    }
}
