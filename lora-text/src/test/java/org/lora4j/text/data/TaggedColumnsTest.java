package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringTokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of words with tags, and of texts with spans. */
class TaggedColumnsTest {
    @TempDir
    private Path temp;

    private Path file(String content) throws IOException {
        return Files.writeString(temp.resolve("data"), content);
    }

    private static List<TaggedText> all(Dataset<TaggedText> data) {
        List<TaggedText> all = new ArrayList<>();
        data.forEach(all::add);
        return all;
    }

    private static Dataset<TaggedText> conll(Path file) {
        return TextFiles.conll(file).map(TaggedColumns.DEFAULT::read);
    }

    private static Dataset<TaggedText> jsonl(Path file, TaggedColumns.Offsets offsets) {
        TaggedColumns columns = TaggedColumns.DEFAULT;
        return TextFiles.jsonl(file)
                .map(
                        new TaggedColumns(columns.tokens(), columns.tags(), columns.text(), columns.spans(), offsets)
                                ::read);
    }

    private static final List<TextSpan> SPANS = List.of(new TextSpan(0, 7, "PER"), new TextSpan(17, 21, "LOC"));

    @ParameterizedTest
    @CsvSource({
        "I-PER I-PER O O I-LOC",
        "B-PER I-PER O O B-LOC",
        "I-PER E-PER O O E-LOC",
        "B-PER E-PER O O S-LOC",
        "B-PER L-PER O O U-LOC",
        "PER PER O O LOC",
    })
    void everySchemeOfConllIsRead(String tags) throws IOException {
        List<String> words = List.of("Ann", "Lee", "lives", "in", "York");
        List<String> given = new ArrayList<>();
        new StringTokenizer(tags).asIterator().forEachRemaining(tag -> given.add((String) tag));
        for (String separator : List.of(" ", "\t", " x y ", "\t_\t")) {
            StringBuilder text = new StringBuilder("-DOCSTART- -X- O\n\n# id 7 domain=en\n");
            for (int i = 0; i < 5; i++) {
                text.append(words.get(i)).append(separator).append(given.get(i)).append(i % 2 == 0 ? "\n" : "\r\n");
            }
            List<TaggedText> found = all(conll(file(text + "\n\n# \nYork" + separator + "O")));
            assertThat(found).hasSize(2);
            assertThat(found.get(0).words().text()).isEqualTo("Ann Lee lives in York");
            assertThat(found.get(0).spans()).isEqualTo(SPANS);
            assertThat(found.get(1).spans()).isEmpty();
        }
    }

    /** In IOB1, B- parts two spans of one label. */
    @Test
    void twoSpansOfOneLabelArePartedInIob1() throws IOException {
        TaggedText found = all(conll(file("Ann I-PER\nLee B-PER\nx O\n"))).get(0);
        assertThat(found.spans()).containsExactly(new TextSpan(0, 3, "PER"), new TextSpan(4, 7, "PER"));
    }

    @Test
    void aWrongLineOfConllIsRefusedWithItsSentence() throws IOException {
        Path data = file("a O\n\nb O\nc\nd O\n\ne O\n");
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> all(conll(data)))
                .withMessage(data + ":4: must have a word and its tag, found one column");
        List<TextFormatException> left = new ArrayList<>();
        assertThat(all(conll(data).skipping(left::add)))
                .extracting(example -> example.words().text())
                .containsExactly("a", "e");
        assertThat(left).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'tokens': ['Ann', 'Lee', 'lives', 'in', 'York'], 'tags': ['B-PER', 'I-PER', 'O', 'O', 'B-LOC']}",
                "{'text': 'Ann Lee lives in York', 'spans': [{'start': 17, 'end': 21, 'label': 'LOC'},"
                        + " {'start': 0, 'end': 7, 'label': 'PER', 'text': 'Ann Lee'}]}",
                "{'text': 'Ann Lee lives in York', 'entities': [[0, 7, 'PER'], [17, 21, 'LOC']]}",
                "{'text': 'Ann Lee lives in York', 'label': [[0, 8, 'PER'], [16, 21, 'LOC']]}",
                "{'id': 1, 'text': 'Ann Lee lives in York', 'label': [{'start': 0, 'end': 7, 'text': 'Ann Lee', 'labels': ['PER']},"
                        + " {'start': 17, 'end': 21, 'labels': ['LOC']}]}",
                "{'id': 1, 'data': {'text': 'Ann Lee lives in York'}, 'annotations': [{'was_cancelled': true, 'result': []},"
                        + " {'was_cancelled': false, 'result': [{'type': 'choices', 'value': {'choices': ['mail']}},"
                        + " {'type': 'labels', 'value': {'start': 17, 'end': 21, 'labels': ['LOC']}},"
                        + " {'type': 'labels', 'value': {'start': 0, 'end': 7, 'text': 'Ann Lee', 'labels': ['PER']}}]}], 'predictions': []}",
            })
    void everyFormOfJsonIsRead(String line) throws IOException {
        Path data = file(line.replace('\'', '"') + "\n");
        for (TaggedColumns.Offsets offsets : TaggedColumns.Offsets.values()) {
            List<TaggedText> found = all(jsonl(data, offsets));
            assertThat(found).hasSize(1);
            assertThat(found.get(0).words().text()).isEqualTo("Ann Lee lives in York");
            assertThat(found.get(0).spans()).isEqualTo(SPANS);
        }
    }

    @Test
    void offsetsCountWhatIsSaid() throws IOException {
        String line =
                "{\"text\": \"\uD83D\uDE00 Ann\", \"spans\": [{\"start\": %d, \"end\": %d, \"label\": \"P\", \"text\": \"Ann\"}]}";
        Path points = file(String.format(Locale.ROOT, line, 2, 5));
        assertThat(all(jsonl(points, TaggedColumns.Offsets.CODE_POINTS)).get(0).spans())
                .containsExactly(new TextSpan(3, 6, "P"));
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> all(jsonl(points, TaggedColumns.Offsets.UTF16)))
                .withMessage(
                        points + ":1: spans[0] must be 'Ann' as its text says, found ' An' at 2 to 5; its offsets may"
                                + " count in another way");
        Path utf16 = file(String.format(Locale.ROOT, line, 3, 6));
        assertThat(all(jsonl(utf16, TaggedColumns.Offsets.UTF16)).get(0).spans())
                .containsExactly(new TextSpan(3, 6, "P"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{'text': 'Ann Lee', 'spans': [{'start': 1, 'end': 3, 'label': 'P'}]} | spans: each must begin and end with a word of the text, found 1 to 3 for P, which is 'nn' in 'Ann Lee'",
                "{'text': 'Ann', 'spans': [{'start': 1, 'end': 4, 'label': 'P'}]} | spans[0] must lie in the text of 3 characters, found 1 to 4",
                "{'text': 'Ann', 'spans': [{'start': 3, 'end': 3, 'label': 'P'}]} | spans[0] must lie in the text of 3 characters, found 3 to 3",
                "{'text': 'Ann', 'spans': [{'start': 0, 'end': 3}]} | spans[0] must have a start, an end and one label, found",
                "{'text': 'Ann', 'spans': [{'start': 0, 'end': 3, 'labels': ['P', 'Q']}]} | spans[0] must have a start, an end and one label",
                "{'text': 'Ann', 'entities': [[0, 3]]} | entities[0] must have a start, an end and one label, found [0,3]",
                "{'text': 'Ann', 'spans': 'no'} | spans must be a list of spans, found",
                "{'text': 'Ann'} | must have words and tags, tokens and tags, or a text with spans in one of [spans, entities, label], found [text]",
                "{'tokens': ['Ann'], 'tags': ['O', 'O']} | tags: there must be one for each of the 1 words, found 2",
                "{'tokens': ['Ann', 7], 'tags': ['O', 'O']} | tokens must be a list of texts, found 7 at 1",
                "{'tokens': 'Ann', 'tags': ['O']} | tokens must be a list of texts, found",
                "{'tokens': ['Ann', ''], 'tags': ['O', 'O']} | words: each must have a character, found none in word 1",
                "{'tokens': ['Ann']} | must have a value tags, found [tokens]",
                "{'text': 'Ann Lee', 'spans': [{'start': 0, 'end': 7, 'label': 'P'}, {'start': 4, 'end': 7, 'label': 'Q'}]} | spans: none must overlap another one",
                "{'data': {'body': 'Ann'}, 'annotations': []} | data.text must be a text, found",
                "{'data': {'text': 'Ann'}, 'annotations': []} | annotations must have one with a result that was not cancelled, found 0",
                "{'data': {'text': 'Ann'}, 'annotations': [{'result': []}, {'result': []}]} | annotations must have one with a result that was not cancelled, found 2; keep the one that is right",
                "{'data': {'text': 'Ann'}, 'annotations': [{'result': [{'type': 'labels', 'value': {'start': 0, 'end': 4, 'labels': ['P']}}]}]} | labels[0] must lie in the text of 3 characters, found 0 to 4",
                "no | must be a JSON object",
            })
    void aWrongLineOfJsonIsRefusedWithItsPlace(String line, String message) throws IOException {
        Path data = file("{\"tokens\": [\"a\"], \"tags\": [\"O\"]}\n" + line.replace('\'', '"') + "\n");
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> all(jsonl(data, TaggedColumns.Offsets.CODE_POINTS)))
                .withMessageStartingWith(data + ":2: ")
                .withMessageContaining(message);
    }
}
