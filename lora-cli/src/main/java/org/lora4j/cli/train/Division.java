package org.lora4j.cli.train;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.Split;
import org.lora4j.text.Strata;
import org.lora4j.text.TextRow;

/**
 * How the rows of a file are divided.
 *
 * @param validation the share of the validation, at least 0
 * @param test the share of the test, at least 0; both together below 1
 * @param group the column whose values are not divided; null for none
 * @param stratum the column of which each part has about the same share of each value; null for none, and not used with a group
 */
public record Division(
        double validation,
        double test,
        @Nullable Column group,
        @Nullable Column stratum) {
    private static final double HALF = 0.5;

    /** All rows are for training. */
    public static final Division NONE = new Division(0, 0, null, null);

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

    /** Returns what says of the rows of a file, one after the other, where they belong. */
    Rows rows(long seed) {
        return new Rows(seed);
    }

    /** A pass over the rows. */
    final class Rows {
        private final long seed;
        private final @Nullable Strata strata;
        private final Map<String, Balance> balances = new HashMap<>();
        private final Balance overall = new Balance();
        private long index;

        private Rows(long seed) {
            this.seed = seed;
            strata = stratum != null && group == null && held() > 0 ? new Strata(seed, held()) : null;
        }

        Part next(TextRow row) {
            if (held() == 0) {
                return Part.TRAIN;
            }
            if (group != null) {
                String name = group.label(row);
                if (!Split.isHeldOut(seed, name, held())) {
                    return Part.TRAIN;
                }
                return test > 0 && Split.isHeldOut(~seed, name, test / held()) ? Part.TEST : Part.VALIDATION;
            }
            if (strata == null || stratum == null) {
                boolean isHeld = Split.isHeldOut(seed, index++, held());
                return isHeld ? tested(overall, overall) : Part.TRAIN;
            }
            String name = stratum.label(row);
            return strata.isHeldOut(name)
                    ? tested(balances.computeIfAbsent(name, key -> new Balance()), overall)
                    : Part.TRAIN;
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
