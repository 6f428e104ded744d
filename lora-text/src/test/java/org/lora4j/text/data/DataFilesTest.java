package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tools.ToolCall;

/** The files of texts, and what is wrong with them by line. */
class DataFilesTest {
    @TempDir
    private Path folder;

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    static <T> List<T> list(Dataset<T> data) {
        return StreamSupport.stream(data.spliterator(), false).toList();
    }

    @Test
    void rowsAreAddedToAFile() throws IOException {
        Path file = folder.resolve("rows.jsonl");
        TextFiles.append(file, TextRow.of(Map.of("text", "a \"b\"\n\u00e9")));
        TextFiles.append(file, TextRow.of(Map.of("text", "c", "n", 1, "tags", List.of("x"))));
        assertThat(list(TextFiles.read(file)).stream().map(row -> row.text("text")))
                .containsExactly("a \"b\"\n\u00e9", "c");
        assertThat(list(TextFiles.read(file)).get(1).isList("tags")).isTrue();
        // A line without an end keeps what it has.
        Files.writeString(file, "{\"text\": \"d\"}");
        TextFiles.append(file, TextRow.of(Map.of("text", "e")));
        assertThat(Files.readAllLines(file)).containsExactly("{\"text\": \"d\"}", "{\"text\":\"e\"}");
        long size = Files.size(file);
        TextRow half = TextRow.of(Map.of("text", "\ud800"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextFiles.append(file, half))
                .withMessageContaining("a surrogate that stands alone");
        assertThat(Files.size(file)).isEqualTo(size);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextFiles.append(folder.resolve("rows.csv"), TextRow.of(Map.of("text", "f"))))
                .withMessageContaining("must end with .jsonl");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextRow.of(Map.of("text", " ")).text("text"))
                .withMessageContaining("new row:1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "text;label ~ a, b;x ~ a, b",
                "\"a,b\";text ~ x;a, b ~ a, b",
                "text\tlabel ~ a; b\tx ~ a; b",
                "text,label ~ a; b,x ~ a; b",
                "text ~ a; b ~ a; b"
            })
    void theFirstLineShowsTheDelimiter(String header, String row, String text) throws IOException {
        Path file = write("a.csv", header + "\n" + row + "\n");
        assertThat(list(TextFiles.read(file)).get(0).text("text")).isEqualTo(text);
        assertThat(list(TextFiles.csv(file)).get(0).text("text")).isEqualTo(text);
        try (IndexedFile indexed = IndexedFile.open(file)) {
            assertThat(indexed.row(header.length() + 1, 2).text("text")).isEqualTo(text);
        }
    }

    /** A line end within quotes, and those of later rows, say nothing. */
    @Test
    void theFirstRowShowsHowAFileIsWritten() throws IOException {
        assertThat(FileForm.of(write("a.csv", "\uFEFF\"text\n\";label\r\na;b\n"), ';'))
                .isEqualTo(new FileForm(';', "\r\n", true));
        assertThat(FileForm.of(write("a.csv", "text\na;b\r\n"), null)).isEqualTo(new FileForm(',', "\n", false));
        assertThat(FileForm.of(write("a.csv", "text|b\ra|b"), '|')).isEqualTo(new FileForm('|', "\r", false));
        assertThat(FileForm.of(write("a.csv", "text"), null)).isEqualTo(new FileForm(',', "\n", false));
        assertThat(FileForm.of(write("a.tsv", "text;a\r\n"), null)).isEqualTo(new FileForm('\t', "\r\n", false));
        assertThat(FileForm.of(write("a.jsonl", "\uFEFF{}\r\n{}\n"), null)).isEqualTo(new FileForm(null, "\r\n", true));
        assertThat(FileForm.of(write("a.jsonl", ""), null)).isEqualTo(new FileForm(null, "\n", false));
    }

    @Test
    void aDelimiterThatIsAskedForIsTaken() throws IOException {
        Path file = write("a.csv", "text|a,b;c\n1;2,3|4\n");
        assertThat(list(TextFiles.read(file, '|')).get(0).columns()).containsExactly("text", "a,b;c");
        try (IndexedFile indexed = IndexedFile.open(file, '|')) {
            assertThat(indexed.row(11, 2).text("text")).isEqualTo("1;2,3");
            assertThat(indexed.rows().iterator().next().text("a,b;c")).isEqualTo("4");
        }
        Path jsonl = write("a.jsonl", "{}\n");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextFiles.read(jsonl, ';'))
                .withMessage(jsonl + ": a delimiter must be used with .csv or .tsv, found JSONL");
        for (char wrong : new char[] {'"', '\n', 0}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> IndexedFile.open(file, wrong))
                    .withMessageStartingWith("the delimiter must be a tab or a character that is neither a quote");
        }
    }

    @Test
    void saysWhatToDoWithASpreadsheet() {
        for (String name : List.of("a.xlsx", "B.XLS", "c.ods")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TextFiles.read(Path.of(name)))
                    .withMessage(name
                            + ": the file must be CSV, TSV or JSONL, found a spreadsheet; save it as CSV in UTF-8");
        }
    }

    @Test
    void csvHasQuotesAndAHeader() throws IOException {
        Path file = write("a.csv", "\uFEFFtext,label\r\n\"a, \"\"b\"\"\nc\",x\r\n\r\nGrüße 🚀 北京,7\r\n");
        List<TextRow> rows = list(TextFiles.read(file));
        assertThat(rows.stream().map(row -> row.labelled("text", "label")))
                .containsExactly(new LabelledText("a, \"b\"\nc", "x"), new LabelledText("Grüße 🚀 北京", "7"));
        assertThat(rows.get(0).line()).isEqualTo(2);
        assertThat(rows.get(0).columns()).containsExactly("text", "label");
        assertThat(rows.get(0)).hasToString(file + ":2 [text, label]");
        assertThat(rows.get(0).json()).isEqualTo("{\"text\":\"a, \\\"b\\\"\\nc\",\"label\":\"x\"}");
        assertThat(list(TextFiles.csv(write("b.csv", "a,b\n"), "x", "y")).get(0).pair("x", "y"))
                .isEqualTo(new TextPair("a", "b"));
    }

    @Test
    void aCallerRefusesARowByARuleOfItsOwn() throws IOException {
        Path file = write("a.csv", "text\nshort\nmuch too long\n");
        Dataset<String> texts = TextFiles.read(file).map(row -> {
            if (row.text("text").length() > 5) {
                throw row.refuse("text must have at most 5 characters");
            }
            return row.text("text");
        });
        String message = file + ":3: text must have at most 5 characters";
        assertThatIllegalArgumentException().isThrownBy(() -> list(texts)).withMessage(message);
        List<String> refused = new ArrayList<>();
        assertThat(list(texts.skipping(e -> refused.add(e.getMessage())))).containsExactly("short");
        assertThat(refused).containsExactly(message);
    }

    @Test
    void tsvTakesQuotesAsTheyAre() throws IOException {
        Path file = write("a.tsv", "query\tpositive\tnegative\n\"q\tp \"x\"\tn\n");
        assertThat(list(TextFiles.read(file)).get(0).triple("query", "positive", "negative"))
                .isEqualTo(new RetrievalExample("\"q", "p \"x\"", "n"));
    }

    @Test
    void jsonlHasTheFormsOfMlxAndTrl() throws IOException {
        Path file = write("a.jsonl", """
                {"text": "plain"}
                {"prompt": "p", "completion": "c"}

                {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u", "name": "n"},
                """.stripTrailing() + """
                 {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}], "tools": [{"type": "function"}]}
                {"prompt": [{"role": "user", "content": "u"}], "completion": [{"role": "assistant", "content": "a"}]}
                """);
        List<TextRow> rows = list(TextFiles.read(file));
        assertThat(rows.get(0).text("text")).isEqualTo("plain");
        assertThat(rows.get(1).pair("prompt", "completion")).isEqualTo(new TextPair("p", "c"));
        assertThat(Conversation.of(rows.get(1)))
                .isEqualTo(Conversation.of(ChatMessage.of("user", "p"), ChatMessage.of("assistant", "c")));
        Conversation chat = Conversation.of(rows.get(2));
        assertThat(rows.get(2).line()).isEqualTo(4);
        assertThat(chat.messages()).extracting(ChatMessage::role).containsExactly("system", "user", "assistant");
        assertThat(chat.messages().get(1).more()).isEqualTo(Map.of("name", "n"));
        assertThat(chat.messages().get(2).content()).isNull();
        assertThat(chat.tools()).isEqualTo(List.of(Map.of("type", "function")));
        assertThat(Conversation.of(rows.get(3)))
                .isEqualTo(Conversation.of(ChatMessage.of("user", "u"), ChatMessage.of("assistant", "a")));
    }

    /** Data sets for functions write the tools and the arguments as JSON texts, and have all fields in all messages. */
    @Test
    void jsonlHasToolsAndCallsInBothForms() throws IOException {
        Path file = write("a.jsonl", """
                {"messages": [{"role": "user", "content": "u", "tool_calls": null, "name": null},
                """.stripTrailing() + """
                 {"role": "assistant", "content": "", "tool_calls": [{"id": "1", "type": "function",
                """.stripTrailing() + """
                 "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}, {"function": {"name": "g", "arguments": {"b": null}}}]},
                """.stripTrailing() + """
                 {"role": "tool", "content": "", "name": "f"}], "tools": "[{\\"name\\": \\"f\\"}]"}
                """);
        Conversation chat = Conversation.of(list(TextFiles.read(file)).get(0));
        assertThat(chat.messages().get(0)).isEqualTo(ChatMessage.of("user", "u"));
        assertThat(chat.messages().get(1).toolCalls())
                .containsExactly(ToolCall.of("f", "{\"a\": 1}").withId("1"), ToolCall.of("g", "{\"b\":null}"));
        assertThat(chat.messages().get(2).content()).isEmpty();
        assertThat(chat.tools()).isEqualTo(List.of(Map.of("name", "f")));
    }

    /** As the files of OpenAI and of others have them: fields that are there and say nothing. */
    @Test
    void fieldsThatSayNothingAreTaken() throws IOException {
        Path file = write("a.jsonl", """
                {"messages": [{"role": "user", "content": "u", "images": [], "weight": 0},
                """.stripTrailing() + """
                 {"role": "assistant", "content": "a", "refusal": null, "function_call": {}, "weight": 0},
                """.stripTrailing() + """
                 {"role": "assistant", "content": "b", "weight": 1}], "functions": [], "parallel_tool_calls": true}
                """);
        assertThat(Conversation.of(list(TextFiles.read(file)).get(0)).messages())
                .extracting(ChatMessage::isLearned)
                .containsExactly(false, false, true);
    }

    @Test
    void csvCanHaveToolsAsJson() throws IOException {
        Path file = write("a.csv", "prompt,completion,tools\np,c,\"[{\"\"name\"\": \"\"f\"\"}]\"\nq,d,\n");
        assertThat(list(TextFiles.read(file).map(row -> Conversation.of(row).tools())))
                .containsExactly(List.of(Map.of("name", "f")), List.of());
    }

    @Test
    void gzipIsFoundByItsContent() throws IOException {
        for (String name : List.of("a.jsonl.gz", "b.jsonl")) {
            try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve(name)))) {
                out.write("{\"text\": \"packed\"}\n".getBytes(StandardCharsets.UTF_8));
            }
            assertThat(list(TextFiles.read(folder.resolve(name)).map(row -> row.text("text"))))
                    .containsExactly("packed");
        }
        byte[] packed = Files.readAllBytes(folder.resolve("b.jsonl"));
        Files.write(folder.resolve("b.jsonl"), Arrays.copyOf(packed, packed.length - 9));
        assertThatThrownBy(() -> list(TextFiles.jsonl(folder.resolve("b.jsonl"))))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("b.jsonl");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": 1} | text must be a text, found 1",
                "{\"other\": \"x\"} | must have a value text, found [other]",
                "{\"text\": \"\\u200b\\u00a0\\u0301\\ue000\"} | text must have a character that is neither white space nor a control",
                "{\"text\": \"\"} | text must have a character that is neither white space nor a control character, found none among 0",
                "{\"text\": \" \\t\\u0000\\u0007\"} | text must have a character that is neither white space nor a control",
                "{\"text\": \"a\\ud800b\"} | text must be whole characters, found half a character, U+D800, at 1",
                "[1] | must be a JSON object, found [1]",
                "{\"text\": \"a\" | must be a JSON object, found Unexpected end-of-input",
                "{\"text\": \"a\", \"text\": \"b\"} | must be a JSON object, found Duplicate field 'text'",
                "{\"text\": NaN} | must be a JSON object, found Non-standard token 'NaN'",
                "{} {} | must be a JSON object, found Trailing token"
            })
    void aWrongLineIsRefusedByItsNumber(String line, String message) throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"first\"}\n" + line + "\n{\"text\": \"third\"}\n");
        Dataset<String> texts = TextFiles.read(file).map(row -> row.text("text"));
        assertThatThrownBy(() -> list(texts))
                .isInstanceOf(TextFormatException.class)
                .hasMessageStartingWith(file + ":2: " + message);
        List<Long> refused = new ArrayList<>();
        assertThat(list(texts.skipping(e -> refused.add(e.line())))).containsExactly("first", "third");
        assertThat(refused).containsExactly(2L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": \"a\"} | must have messages, or prompt and completion, found [text]",
                "{\"messages\": []} | messages must have at least one message, found none",
                "{\"messages\": {\"role\": \"user\"}} | messages must be a list of objects, found {\"role\":\"user\"}",
                "{\"messages\": [3]} | messages must be a list of objects, found [3]",
                "{\"messages\": [{\"content\": \"x\"}]} | messages[0] must have a text role, found nothing",
                "{\"messages\": [{\"role\": \"user\"}]} | messages[0] must have a text content, or calls of tools, found nothing",
                "{\"messages\": [{\"role\": \"user\", \"content\": 5}]} | messages[0] must have a text content, or calls of",
                "{\"messages\": [{\"role\": \"user\", \"content\": \" \"}]} | messages[0].content must have a character",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": []}]} | messages[0] must have a text content, or calls of",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [1]}]} | messages[0].tool_calls[0]: a call must be an object, found 1",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{\"id\": 1}]}]} | messages[0].tool_calls[0]: a call of a tool must have a function with a text name",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"name\": \"f\", \"arguments\": \"{\"}}]}]} | messages[0].tool_calls[0]: the arguments of the call of f must be a JSON object, found",
                "{\"prompt\": \"a\", \"completion\": \"b\", \"tools\": \"[{\"} | tools must be JSON, or its text, found Unexpected end-of-input",
                "{\"prompt\": \"a\", \"completion\": \"b\", \"tools\": \"{}\"} | tools must be a list of objects, found {}",
                "{\"prompt\": \"a\", \"completion\": \"b\", \"functions\": [{}]} | functions must be left out, because it is not supported, found [{}]; write tools",
                "{\"prompt\": \"a\", \"completion\": \"b\", \"chat_template_kwargs\": {\"enable_thinking\": false}} | chat_template_kwargs must be left out",
                "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\", \"weight\": 2}]} | messages[0].weight must be 0 or 1, found 2",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\", \"weight\": 1}]} | messages[0].weight must be 0, because only",
                "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\", \"train\": false}]} | messages[0].train must be left out, because it is not supported, found false; write \"weight\": 0",
                "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\", \"function_call\": {\"name\": \"f\"}}]} | messages[0].function_call must be left out, because it is not supported, found {name=f}; write tool_calls",
                "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\", \"refusal\": \"no\"}]} | messages[0].refusal must be left out"
            })
    void aWrongConversationIsRefused(String line, String message) throws IOException {
        Path file = write("a.jsonl", line);
        assertThatThrownBy(() -> list(TextFiles.read(file).map(Conversation::of)))
                .isInstanceOf(TextFormatException.class)
                .hasMessageStartingWith(file + ":1: " + message);
    }

    @Test
    void aWrongRowOfCsvIsRefusedByTheLineWhereItBegins() throws IOException {
        Path file = write("a.csv", "text,label\n\"two\nlines\",x\nonly\na,b,c\nlast,y\n");
        List<String> messages = new ArrayList<>();
        Dataset<TextRow> rows = TextFiles.read(file).skipping(e -> messages.add(e.getMessage()));
        assertThat(list(rows.map(row -> row.text("text")))).containsExactly("two\nlines", "last");
        assertThat(messages)
                .containsExactly(
                        file + ":4: must have a value for each of the 2 columns [text, label], found 1",
                        file + ":5: must have a value for each of the 2 columns [text, label], found 3");
        assertThatThrownBy(() -> list(TextFiles.read(file)))
                .isInstanceOf(TextFormatException.class)
                .satisfies(e -> assertThat(((TextFormatException) e).file()).isEqualTo(file.toString()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'text,label~\"open,x~a,b~' | 2 | a value with quotes must be quoted as a whole",
                "'text,label~\"a\"b,x~' | 2 | a value with quotes must be quoted as a whole",
                "'text,text~a,b~' | 1 | the first line must name each column once, found [text, text]",
                "'' | 1 | the first line must name the columns, found an empty file"
            })
    void aFileOfCsvThatCannotBeReadFurtherIsNotSkipped(String content, int line, String message) throws IOException {
        Path file = write("a.csv", content.replace('~', '\n'));
        Dataset<TextRow> skipping = TextFiles.read(file).skipping(e -> {});
        assertThatThrownBy(() -> list(skipping))
                .isInstanceOf(TextFormatException.class)
                .hasMessageStartingWith(file + ":" + line + ": " + message);
    }

    @Test
    void bytesThatAreNotUtf8AreRefusedByLine() throws IOException {
        Path file = folder.resolve("a.jsonl");
        Files.write(file, "{\"text\": \"a\"}\n{\"text\": \"\u00ff\"}\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> list(TextFiles.read(file)))
                .isInstanceOf(TextFormatException.class)
                .hasMessage(file + ":2: must be UTF-8, found other bytes");
        Path csv = folder.resolve("a.csv");
        Files.write(csv, "text\na\n\u00ff\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> list(TextFiles.read(csv)))
                .isInstanceOf(TextFormatException.class)
                .hasMessageContaining(":3: must be UTF-8");
    }

    @Test
    void aTextOfAMegabyteAndControlCharactersStayWhole() throws IOException {
        String text = "a\u0000\u0007🚀".repeat(250_000);
        Path csv = write("a.csv", "text\n" + text + "\n");
        assertThat(list(TextFiles.read(csv)).get(0).text("text")).isEqualTo(text);
    }

    @Test
    @Tag("slow")
    void aLineWithoutEndIsRefused() throws IOException {
        Path file = folder.resolve("a.jsonl");
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < 17; i++) {
                out.write("x".repeat(1_000_000));
            }
        }
        assertThatThrownBy(() -> list(TextFiles.read(file).skipping(e -> {})))
                .isInstanceOf(TextFormatException.class)
                .hasMessage(file + ":1: a line must have at most 16000000 bytes, found more");
        Path csv = folder.resolve("a.csv");
        try (BufferedWriter out = Files.newBufferedWriter(csv)) {
            out.write("text\n\"");
            for (int i = 0; i < 17; i++) {
                out.write("x".repeat(1_000_000) + "\n");
            }
        }
        assertThatThrownBy(() -> list(TextFiles.read(csv)))
                .isInstanceOf(TextFormatException.class)
                .hasMessageContaining("a quote may not be closed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.csv.gz", "a.tsv.gz", "a.jsonl.gz"})
    void aPackedFileThatWasCutIsNamedAsSuch(String name) throws IOException {
        Path file = folder.resolve(name);
        Random random = new Random(1);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            String row = name.contains("json") ? "{\"text\": \"number\"}\n" : "\"number\"\n";
            out.write((name.contains("json") ? "" : "text\n").getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 10_000; i++) {
                out.write(
                        row.replace("number", Long.toString(random.nextLong())).getBytes(StandardCharsets.UTF_8));
            }
        }
        byte[] packed = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(packed, packed.length / 2));
        assertThatThrownBy(() -> list(TextFiles.read(file)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageMatching(Pattern.quote(file.toString())
                        + ":\\d+: a file packed with gzip must be whole, found its end too early; copy it again");
        assertThatThrownBy(() -> list(TextFiles.read(file).skipping(e -> {})))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("must be whole");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.csv.gz", "a.tsv.gz", "a.jsonl.gz"})
    void refusesASmallFileOfVeryManyEmptyLines(String name) throws IOException {
        Path file = folder.resolve(name);
        byte[] lines = new byte[1 << 16];
        Arrays.fill(lines, (byte) '\n');
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("text\n".repeat(name.contains("json") ? 0 : 1).getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 20; i++) {
                out.write(lines);
            }
        }
        assertThatThrownBy(() -> list(TextFiles.read(file)))
                .isInstanceOf(TextFormatException.class)
                .hasMessageContaining(": at most 1000000 empty lines may follow each other, found more");
    }

    /** 300 MB of texts, of which a thousand rows are held. */
    @Test
    @Tag("slow")
    void manyLinesAreReadInConstantMemory() throws IOException {
        Path file = folder.resolve("a.jsonl.gz");
        byte[] line = ("{\"text\": \"" + "word ".repeat(200) + "\"}\n").getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file), 1 << 16)) {
            for (int i = 0; i < 300_000; i++) {
                out.write(line);
            }
        }
        long most = 0;
        long count = 0;
        long bytes = 0;
        Runtime runtime = Runtime.getRuntime();
        for (List<TextRow> batch : TextFiles.read(file).shuffled(1, 0, 1000).batches(100)) {
            bytes += batch.stream().mapToLong(row -> row.text("text").length()).sum();
            count += batch.size();
            if (count % 75_000 == 0) {
                System.gc();
                most = Math.max(most, runtime.totalMemory() - runtime.freeMemory());
            }
        }
        assertThat(count).isEqualTo(300_000);
        assertThat(bytes).isEqualTo(300_000_000L);
        assertThat(most).isLessThan(200_000_000L);
    }

    @Test
    void anIterationThatStopsEarlyClosesTheFile() throws IOException {
        Path file = write("a.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n");
        try (Stream<TextRow> rows = TextFiles.read(file).stream()) {
            assertThat(rows.findFirst()).isPresent();
        }
        Files.delete(file);
        assertThatThrownBy(() -> list(TextFiles.read(file)))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void anUnknownNameIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextFiles.read(Path.of("a.parquet")))
                .withMessageStartingWith("a.parquet: the name must end with .csv, .tsv or .jsonl");
    }
}
