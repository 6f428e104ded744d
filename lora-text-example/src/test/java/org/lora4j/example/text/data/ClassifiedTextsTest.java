package org.lora4j.example.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassifiedTextsTest {
    @TempDir
    private Path folder;

    @Test
    void readsTheBundledPassages() throws IOException {
        ClassifiedTexts texts = ClassifiedTexts.read(TextFolder.bundled());
        assertThat(texts.classNames()).containsExactly("1790–1850", "1851–1900", "1901–1945", "since 1946");
        assertThat(texts.train().size()).isEqualTo(4000);
        assertThat(texts.test().size()).isEqualTo(1200);
        for (int era = 0; era < 4; era++) {
            assertThat(Collections.frequency(texts.train().classes(), era)).isEqualTo(1000);
            assertThat(Collections.frequency(texts.test().classes(), era)).isEqualTo(300);
        }
        assertThat(texts.test().texts().get(0)).startsWith("Declamation against militarism has no more serious place");
    }

    @Test
    void sortsNumbersBeforeOtherLabelsAndGivesThemNames() throws IOException {
        write("train.tsv", "b\tone\n10\ttwo\n9\tthree\na\tfour\n");
        write("test.tsv", "10\tfive\nb\tsix\n");
        write("labels.tsv", "10\tten\n");
        ClassifiedTexts texts = ClassifiedTexts.read(TextFolder.of(folder));
        assertThat(texts.classNames()).containsExactly("9", "ten", "a", "b");
        assertThat(texts.train().classes()).containsExactly(3, 1, 0, 2);
        assertThat(texts.test().classes()).containsExactly(1, 3);
    }

    @Test
    void readsGzippedFiles() throws IOException {
        Files.write(folder.resolve("train.tsv.gz"), gzip("0\tone\n1\ttwo\n"));
        write("test.tsv", "1\tthree\n");
        assertThat(ClassifiedTexts.read(TextFolder.of(folder)).train().texts()).containsExactly("one", "two");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no tab", "0\ttoo\tmany", "0\t", "\ttext", "", "0\t  "})
    void refusesALineThatDoesNotHaveTwoFields(String line) throws IOException {
        write("train.tsv", "0\tone\n" + line + "\n1\ttwo\n");
        write("test.tsv", "0\tone\n");
        assertRefused("train.tsv: line 2 must have two fields that are not blank, with a tab between them, found ");
    }

    @Test
    void refusesBytesThatAreNotUtf8() throws IOException {
        Files.write(folder.resolve("train.tsv"), new byte[] {'0', '\t', (byte) 0xC3, '\n'});
        assertRefused("train.tsv: must be text in UTF-8, found other bytes");
    }

    @Test
    void refusesATruncatedGzipFile() throws IOException {
        byte[] whole = gzip("0\tone\n1\ttwo\n");
        Files.write(folder.resolve("train.tsv.gz"), Arrays.copyOf(whole, whole.length - 10));
        assertRefused("train.tsv.gz: must be a complete gzip file, found: ");
    }

    @Test
    void refusesAMissingAndAnEmptyFile() throws IOException {
        assertRefused(": must have the file train.tsv or train.tsv.gz, found neither");
        write("train.tsv", "");
        assertRefused("train.tsv: must have at least one line, found none");
    }

    @Test
    void refusesOneClassAndUnknownLabels() throws IOException {
        write("train.tsv", "0\tone\n0\ttwo\n");
        assertRefused(": the training texts must have at least two labels, found [0]");
        write("train.tsv", "0\tone\n1\ttwo\n");
        write("test.tsv", "2\tthree\n");
        assertRefused(": a label in test must be one of the training texts, found \"2\"");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> ClassifiedTexts.read(TextFolder.of(folder)))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(folder.toString())
                .hasMessageContaining(message);
    }

    private void write(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
    }

    private static byte[] gzip(String content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
