package org.lora4j.example.mnist.report;

import java.util.List;
import org.lora4j.example.support.report.Words;

/** Digits as text. */
final class DigitWords {
    private DigitWords() {}

    /** Returns {@code digit 9} or {@code digits 4 and 9}. */
    static String of(List<Integer> digits) {
        return (digits.size() == 1 ? "digit " : "digits ")
                + Words.list(digits.stream().map(String::valueOf).toList());
    }
}
