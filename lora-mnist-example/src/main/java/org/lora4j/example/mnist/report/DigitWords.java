package org.lora4j.example.mnist.report;

import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.support.report.Words;

/** Digits as text. */
final class DigitWords {
    /** The names of all digits. */
    static final List<String> NAMES =
            IntStream.range(0, MnistData.CLASSES).mapToObj(String::valueOf).toList();

    private DigitWords() {}

    /** Returns {@code digit 9} or {@code digits 4 and 9}. */
    static String of(List<Integer> digits) {
        return (digits.size() == 1 ? "digit " : "digits ")
                + Words.list(digits.stream().map(String::valueOf).toList());
    }
}
