package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.data.Labels;
import org.lora4j.text.tokens.Prompts;

class TaskTest {
    private static final String START = "{'task':'classify','head':'mean','id2label':{'0':'a','1':'b'}";

    @TempDir
    private Path folder;

    private void write(String json) throws IOException {
        Files.writeString(folder.resolve(TaskFile.NAME), json.replace('\'', '"'));
    }

    @Test
    void readsWhatItWrote() throws IOException {
        List<Task> tasks = List.of(
                new Classify(Labels.of(List.of("a", "b")), Head.MEAN, OptionalInt.of(77)),
                new Classify(
                        Outputs.anyOf(Labels.of(List.of("a", "b"))).withThresholds(List.of(0.25, 1.0)),
                        Head.MEAN,
                        OptionalInt.empty()),
                new Classify(Outputs.number("stars"), Head.LAST, OptionalInt.of(5)),
                new ClassifyPairs(new Classify(Outputs.number("similarity"), Head.MEAN, OptionalInt.of(9))),
                new ClassifyPairs(new Classify(Labels.of(List.of("a", "b")), Head.POOLER, OptionalInt.empty())),
                new Rerank(Head.YES_NO, OptionalInt.empty()),
                new Tag(Labels.of(List.of("O", "B-A", "I-A")), Tag.SubWords.ALL, OptionalInt.of(9)),
                new Tag(Labels.of(List.of("O", "B-A", "I-A")), Tag.SubWords.FIRST, OptionalInt.empty()),
                new Embed(OptionalInt.of(512), OptionalInt.of(64), Prompts.none()));
        for (Task task : tasks) {
            TaskFile.write(task, folder);
            assertThat(TaskFile.read(folder)).contains(task);
        }
    }

    /** A number that is not one was taken for none: the texts were cut elsewhere, without a word. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ",'max_tokens':-5 | max_tokens must be a whole number from 0 to 2^31 - 1, found -5",
                ",'max_tokens':1e3 | max_tokens must be a whole number",
                ",'max_tokens':4294967297 | max_tokens must be a whole number from 0 to 2^31 - 1, found 4294967297",
                ",'max_tokens':'128' | max_tokens must be a whole number",
                ",'max_tokens':null | max_tokens must be a whole number",
                ",'max_tokens':[128] | max_tokens must be a whole number",
                ",'dimensions':true | dimensions must be a whole number",
                ",'dimensions':0.5 | dimensions must be a whole number",
                ",'id2label':{} | duplicate",
                ",'max_tokens':1,'max_tokens':2 | duplicate",
            })
    void refusesADamagedFileByItsName(String more, String message) throws IOException {
        write(START + more + "}");
        assertThatIOException()
                .isThrownBy(() -> TaskFile.read(folder))
                .withMessageStartingWith(folder.resolve(TaskFile.NAME) + ": must be a file that 'lora classify'")
                .satisfies(e -> assertThat(e).hasMessageMatching("(?is).*" + Pattern.quote(message) + ".*"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'task':'classify','head':'mean'} | id2label must name at least one class, found none",
                "{'task':'classify','head':'mean','id2label':{}} | id2label must name at least one class, found none",
                "{'task':'classify','head':'mean','id2label':{'1':'a'}} | must have the classes 0 to 0",
                "{'task':'classify','head':'mean','id2label':{'0':'a','1':'a'}} | each class must have a name of its own",
                "{'task':'classify','head':'mean','id2label':{'0':['a']}} | must have a text for each of the classes",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'problem_type':'many'} | problem_type must be one of [",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'problem_type':'multi_label_classification','thresholds':[0.5,0.5]} | thresholds must be 1 numbers",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'problem_type':'multi_label_classification','thresholds':['0.5']} | thresholds must be numbers between 0 and 1, found",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'problem_type':'multi_label_classification','thresholds':[1.5]} | thresholds must be numbers between 0 and 1, found 1.5",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'problem_type':'multi_label_classification','thresholds':0.5} | thresholds must be a list of numbers",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'thresholds':[0.5]} | thresholds must be 0 numbers for single_label_classification",
                "{'task':'classify','head':'mean','id2label':{'0':'a'},'text_pair':1} | text_pair must be true or false, found 1",
                "{'task':'classify','head':'last','id2label':{'0':'a'},'text_pair':true} | head of a classifier of pairs must be one of [mean, pooler], found 'last'",
                "{'task':'constructor','head':'mean'} | task must be 'classify', 'tag', 'retrieve' or 'rerank'",
                "{'task':['classify']} | task must be 'classify', 'tag', 'retrieve' or 'rerank'",
                "{'task':'classify','head':'__proto__'} | head must be one of [",
                "{'task':'classify','head':'tokens','id2label':{'0':'a'}} | head must be one of [mean, pooler, last, yes_no]",
                "{'task':'tag','sub_words':'first'} | id2label must name at least one tag, found none",
                "{'task':'tag','id2label':{'0':'O'}} | sub_words must be 'first' or 'all', found ''",
                "{'task':'tag','sub_words':'last','id2label':{'0':'O'}} | sub_words must be 'first' or 'all', found 'last'",
                "[] | object",
                "{ | ",
            })
    void refusesAnotherForm(String json, String message) throws IOException {
        write(json);
        assertThatIOException()
                .isThrownBy(() -> TaskFile.read(folder))
                .withMessageContaining(TaskFile.NAME)
                .withMessageContaining(message == null ? "" : message);
    }
}
