package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.ModelSource;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextSpan;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.train.TrainableTag;
import org.lora4j.train.AdamW;
import org.lora4j.train.Trainer;

/** WordPiece in a GGUF file, beside the tokenizer.json that it was made of: where tokens lie, and tags on top of it. */
class WordPieceGgufTest {
    private static final List<String> TEXTS = List.of(
            "The United States of America, 1776: größer.",
            "Congress shall  make\n\n no law\trespecting",
            "e\u0301te\u0301 ÉTÉ naïve",
            "北京 and 東京, 2 cities",
            "a\u0000b c\u200Bd \uFFFD e",
            "🚀 rockets 🚀🚀 (twice) $5+6=11",
            "[MASK] is written here [SEP] and there",
            "don't e-mail x@y.org!",
            "İstanbul ﬁne ½ Ⅷ",
            "   ",
            "");

    @TempDir
    Path folder;

    private static Path gguf() {
        try {
            return Path.of(
                    Objects.requireNonNull(WordPieceGgufTest.class.getResource("/gguf/base/bert_q4_0/model.gguf"))
                            .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static TextModel open(Path path) throws IOException {
        return TextModel.open(ModelSource.of(path), BaseStorage.of(Precision.FLOAT));
    }

    @Test
    void tokensLieWhereTheTokenizerOfTheFolderSays() throws IOException {
        WordPieceFolder.write(gguf(), folder);
        try (Tokenizer ours = Tokenizer.load(gguf());
                Tokenizer theirs = Tokenizer.load(folder)) {
            for (String text : TEXTS) {
                TokenOffsets found = ours.offsets(text);
                TokenOffsets expected = theirs.offsets(text);
                assertThat(found.ids()).as(text).isEqualTo(expected.ids());
                for (int i = 0; i < found.size(); i++) {
                    assertThat(found.isSpecial(i)).isEqualTo(expected.isSpecial(i));
                    assertThat(found.start(i)).as(text + ": start of " + i).isEqualTo(expected.start(i));
                    assertThat(found.end(i)).as(text + ": end of " + i).isEqualTo(expected.end(i));
                }
            }
        }
    }

    private static List<TaggedText> examples() {
        return List.of(
                TaggedText.ofSpans("The year of America, 1776.", List.of(new TextSpan(12, 19, "PLACE"))),
                TaggedText.ofSpans("congress shall should", List.of(new TextSpan(0, 8, "BODY"))),
                TaggedText.ofSpans(
                        "a man of the United States and the Congress of it, year by year by year by year",
                        List.of(new TextSpan(13, 26, "PLACE"), new TextSpan(35, 43, "BODY"))));
    }

    /** Trains on one of the two, and returns what it finds with the adapter. */
    private static List<TextTags> train(Path base, Path adapter) throws IOException {
        Labels labels = Labels.of(TagScheme.IOB2.tags(List.of("BODY", "PLACE")));
        try (TextModel model = open(base)) {
            TrainableTag task = new TrainableTag(
                    new Tag(labels, Tag.SubWords.ALL, OptionalInt.of(16)),
                    model.textTokens(),
                    Head.TOKENS.network(model.model(), labels.count(), 1));
            AdapterView view = LoRAModel.of(task.network()).add("tags", task.config(LoRAConfig.of(4, 8)));
            Trainer.builder(view)
                    .loss(task.loss())
                    .updater(new AdamW(0.01, 0))
                    .epochs(30)
                    .build()
                    .fit(List.of(task.batch(examples())));
            view.save(adapter);
            Tag.OnModel rows = task.task().on(model.textTokens(), task.network());
            List<TextWords> asked = examples().stream().map(TaggedText::words).toList();
            return rows.read(asked, view.predict(rows.tokens(asked)));
        }
    }

    /** The weights are those that the file stands for, so both train to the same bits. */
    @Test
    void tagsAreLearnedAndFoundAsOnTheFolder() throws IOException {
        Path base = WordPieceFolder.write(gguf(), folder.resolve("base"));
        List<TextTags> expected = train(base, folder.resolve("of-folder"));
        List<TextTags> found = train(gguf(), folder.resolve("of-gguf"));
        assertThat(found).isEqualTo(expected);
        assertThat(PeftAdapters.load(folder.resolve("of-gguf")))
                .isEqualTo(PeftAdapters.load(folder.resolve("of-folder")));
        assertThat(found.get(2).spans()).extracting(TextTags.Span::text).containsExactly("United States", "Congress");
    }
}
