package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A folder with a few short texts of two classes, which are easy to tell apart. */
public final class SmallTexts {
    private static final String[] CATS = {
        "The cat sleeps on the sofa.", "A kitten drinks milk.", "Cats chase mice at night.", "My cat purrs loudly."
    };
    private static final String[] SHIPS = {
        "The ship leaves the harbour.",
        "A captain sails the sea.",
        "The vessel carries cargo.",
        "Sailors repair the mast."
    };

    private SmallTexts() {}

    public static Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        String labelled = IntStream.range(0, CATS.length)
                .mapToObj(i -> "cats\t" + CATS[i] + "\nships\t" + SHIPS[i] + "\n")
                .collect(Collectors.joining());
        for (String name : new String[] {"train", "test"}) {
            Files.writeString(folder.resolve(name + ".tsv"), labelled);
        }
        return folder;
    }
}
