package org.lora4j.cli.train;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.Split;
import org.lora4j.text.data.Strata;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.internal.TextTable;

/**
 * How the rows of a file are divided.
 *
 * @param validation the share of the validation, at least 0
 * @param test the share of the test, at least 0; both together below 1
 * @param group the column whose values are not divided; null for none
 * @param strata the classes or labels of a row, of each of which every part has about the same share; null for none, and not used with a
 *     group. A row of several labels counts for the one that the fewest rows had so far: what is rare is divided first, as in iterative
 *     stratification (Sechidis and others, 2011, doi:10.1007/978-3-642-23808-6_10), here in a single pass over the file
 * @param content what two rows are compared by: those with the same content are in one part, that of the first of them, unless a
 *     group divides them; null if they are not compared
 */
public record Division(
        double validation,
        double test,
        @Nullable Column group,
        @Nullable Function<TextRow, List<String>> strata,
        @Nullable Function<TextRow, String> content) {
    private static final double HALF = 0.5;

    /** All rows are for training. */
    public static final Division NONE = new Division(0, 0, null, null, null);

    /**
     * Checks the shares.
     *
     * @throws IllegalArgumentException if nothing is left for the training
     */
    public Division {
        if (validation + test >= 1) {
            throw new IllegalArgumentException("the shares of --validation and --test must be below 1 together, found "
                    + validation + " and " + test);
        }
    }

    /** A part of the rows. */
    public enum Part {
        /** What trains. */
        TRAIN,
        /** What stops the training. */
        VALIDATION,
        /** What measures it. */
        TEST
    }

    private double held() {
        return validation + test;
    }

    /**
     * Divides the blocks of one text, whatever they are.
     *
     * @param part a part
     * @param count the number of the blocks
     * @param seed the seed
     * @return the numbers of those in the part
     */
    public IntStream blocks(Part part, int count, long seed) {
        Balance balance = new Balance();
        return IntStream.range(0, count).filter(i -> ofIndex(seed, i, balance) == part);
    }

    private Part ofIndex(long seed, long index, Balance overall) {
        return held() > 0 && Split.isHeldOut(seed, index, held()) ? tested(overall, overall) : Part.TRAIN;
    }

    /** Chance has chosen the rows that are held out. They are put where the class needs them, or else all rows together. */
    private Part tested(Balance ofClass, Balance ofAll) {
        double share = test / held();
        double need = ofClass.need(share);
        boolean isTest = need >= 1 || (need > 0 && ofAll.need(share) > HALF);
        ofClass.add(isTest);
        if (ofAll != ofClass) {
            ofAll.add(isTest);
        }
        return isTest ? Part.TEST : Part.VALIDATION;
    }

    /** Returns what says of the rows of a file, one after the other, where they belong. */
    Rows rows(long seed) {
        return new Rows(seed);
    }

    /** A pass over the rows of the file, and then over those of a file for the validation. */
    final class Rows {
        private final long seed;
        private final @Nullable Strata held;

        /** How many rows had each label so far. */
        private final Map<String, Integer> labels = new HashMap<>();

        private final Map<String, Balance> balances = new HashMap<>();
        private final Balance overall = new Balance();

        /** A bit for each part that has a text. */
        private final TextTable parts = new TextTable();

        /** The bit of the part of each group that is held out. The first one is for the validation, which needs one. */
        private final TextTable groups = new TextTable();

        private int copies;
        private int known;
        private long index;

        private Rows(long seed) {
            this.seed = seed;
            held = strata != null && group == null && held() > 0 ? new Strata(seed, held()) : null;
        }

        Part next(TextRow row) {
            String text = content == null ? null : content.apply(row);
            int before = text == null ? TextTable.NONE : parts.get(text);
            Part part = before == TextTable.NONE || group != null ? chosen(row) : only(before);
            return text == null ? part : seen(text, part);
        }

        /** The part of the rows before, which are in one part. */
        private Part only(int before) {
            return before == bit(Part.TRAIN)
                    ? Part.TRAIN
                    : before == bit(Part.VALIDATION) ? Part.VALIDATION : Part.TEST;
        }

        /** Returns the part of a row of a file for the validation. */
        Part ofValidation(TextRow row) {
            return content == null ? Part.VALIDATION : seen(content.apply(row), Part.VALIDATION);
        }

        private Part seen(String text, Part part) {
            int before = parts.get(text);
            int after = before | bit(part);
            copies += before == TextTable.NONE ? 0 : 1;
            known += isKnown(after) && !isKnown(before) ? 1 : 0;
            parts.put(text, after);
            return part;
        }

        /** Whether a text trains and judges. */
        private static boolean isKnown(int bits) {
            return (bits & bit(Part.TRAIN)) != 0 && bits != bit(Part.TRAIN);
        }

        private static int bit(Part part) {
            return switch (part) {
                case TRAIN -> 1;
                case VALIDATION -> 2;
                case TEST -> 4;
            };
        }

        Copies copies() {
            return new Copies(copies, known);
        }

        private Part chosen(TextRow row) {
            if (held() == 0) {
                return Part.TRAIN;
            }
            if (group != null) {
                String name = group.label(row);
                if (!Split.isHeldOut(seed, name, held())) {
                    return Part.TRAIN;
                }
                int before = groups.get(name);
                Part part = before == TextTable.NONE ? tested(overall, overall) : only(before);
                groups.put(name, bit(part));
                return part;
            }
            if (held == null || strata == null) {
                return ofIndex(seed, index++, overall);
            }
            String name = stratum(strata.apply(row));
            return held.isHeldOut(name)
                    ? tested(balances.computeIfAbsent(name, key -> new Balance()), overall)
                    : Part.TRAIN;
        }

        /** Returns the label that the fewest rows had so far, the first of equal ones; an empty name for a row without labels. */
        private String stratum(List<String> ofRow) {
            String rarest = ofRow.stream()
                    .sorted()
                    .min(Comparator.comparingInt((String label) -> labels.getOrDefault(label, 0)))
                    .orElse("");
            ofRow.forEach(label -> labels.merge(label, 1, Integer::sum));
            return rarest;
        }
    }

    /** How many rows are held out so far, and how many of them for the test. */
    private static final class Balance {
        private long held;
        private long tested;

        /** How many rows the test has too few, once another one is held out. */
        double need(double share) {
            return share * (held + 1) - tested;
        }

        void add(boolean isTest) {
            held++;
            tested += isTest ? 1 : 0;
        }
    }
}
