package org.lora4j.cli.language;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.OpenedFiles;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;

/** Texts that a training does not learn, by which it measures what an adapter costs elsewhere. */
final class OtherTexts {
    private static final Column TEXT = new Column("another file of --forgetting", "text");

    private final String name;
    private final LanguageTexts<?> texts;

    private OtherTexts(String name, LanguageTexts<?> texts) {
        this.name = name;
        this.texts = texts;
    }

    /** Reads the file before a training, so that a wrong line costs none; returns null without a file. */
    static @Nullable OtherTexts open(DecoderFolder decoder, @Nullable DataFile file, int maxTokens, OpenedFiles opened)
            throws IOException {
        return file == null
                ? null
                : new OtherTexts(
                        String.valueOf(file.file().getFileName()),
                        LanguageTexts.open(decoder, file, TEXT, maxTokens, opened));
    }

    /** Compares a model alone and with an adapter. */
    Forgetting forgetting(Model alone, Model adapted) {
        return Forgetting.of(name, texts.measure(alone), texts.measure(adapted));
    }
}
