package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Texts about cats and ships. The words tell which. */
final class SmallTexts {
    private static final List<List<String>> WORDS =
            List.of(List.of("cat", "purrs", "milk"), List.of("ship", "sails", "sea"));
    private static final List<String> OTHERS = List.of("the", "a", "on");

    private SmallTexts() {}

    /** Writes texts with the columns text, label and group. */
    static Path csv(Path file, int count, long seed) throws IOException {
        Random random = new Random(seed);
        StringBuilder lines = new StringBuilder("text,label,group\n");
        for (int i = 0; i < count; i++) {
            int label = random.nextInt(2);
            lines.append(text(random, label))
                    .append(label == 0 ? ",cats," : ",ships,")
                    .append(i / 4)
                    .append('\n');
        }
        return Files.writeString(file, lines);
    }

    private static String text(Random random, int label) {
        StringBuilder text = new StringBuilder();
        int words = 4 + random.nextInt(8);
        for (int i = 0; i < words; i++) {
            List<String> from = random.nextBoolean() || i == 0 ? WORDS.get(label) : OTHERS;
            text.append(i == 0 ? "" : " ").append(from.get(random.nextInt(from.size())));
        }
        return text.toString();
    }
}
