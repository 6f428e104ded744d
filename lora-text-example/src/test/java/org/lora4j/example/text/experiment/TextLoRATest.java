package org.lora4j.example.text.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.example.text.SmallTexts;
import org.lora4j.example.text.TestModel;
import org.lora4j.example.text.TextExample;
import org.lora4j.example.text.data.ClassifiedTexts;
import org.lora4j.example.text.data.TextFolder;
import org.lora4j.example.text.model.MiniLm;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;

/** A short run of the file to read. The command with the same settings trains the same adapter. */
@Tag("slow")
@SuppressWarnings("try") // the variables of the threads are not read
class TextLoRATest {
    @TempDir
    private Path temp;

    @Test
    void itsAdapterIsThatOfTheCommand() throws IOException {
        Path data = SmallTexts.write(temp.resolve("data"));
        BertModel bert = MiniLm.load(TestModel.FOLDER);
        ClassifiedTexts texts = ClassifiedTexts.read(TextFolder.of(data));
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (NativeThreads threads = NativeThreads.forBlas();
                Tokenizer tokenizer = MiniLm.tokenizer(96);
                PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
            AdapterView adapter = TextLoRA.run(bert.withDropout(0), tokenizer, texts, 8, 4, out);
            assertThat(printed.toString(StandardCharsets.UTF_8))
                    .matches("(?s)frozen encoder: [0-9.]+ %\\R.*with LoRA: 100.0 %, merged: 100.0 %\\R");
            StringWriter err = new StringWriter();
            int code = TextExample.execute(
                    new PrintWriter(new StringWriter()),
                    new PrintWriter(err),
                    "classify",
                    "--data",
                    data.toString(),
                    "--model-folder",
                    TestModel.FOLDER.toString(),
                    "--output",
                    temp.resolve("run").toString(),
                    "--steps",
                    "8",
                    "--batch-size",
                    "4",
                    "--no-progress");
            assertThat(code).as("%s", err).isZero();
            AdapterView ofCommand =
                    LoRAModel.of(bert.meanClassifier(2, 0)).load("again", temp.resolve("run/adapters/adapter"));
            assertThat(ofCommand.predict(tokenizer.sequences(texts.test().texts())))
                    .isEqualTo(adapter.predict(tokenizer.sequences(texts.test().texts())));
        }
    }
}
