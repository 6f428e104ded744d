package org.lora4j.console.command;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Checks the bounds of options. An option out of its bounds is wrong use, which is reported in one line. */
public final class OptionCheck {
    private final CommandLine command;

    OptionCheck(CommandLine command) {
        this.command = command;
    }

    /** Checks a number between two bounds. */
    public void inRange(String option, int value, int min, int max) {
        check(value >= min && value <= max, option, "in [" + min + ", " + max + "]", value);
    }

    /** Checks a number with a lower bound. */
    public void atLeast(String option, int value, int min) {
        check(value >= min, option, "at least " + min, value);
    }

    /** Checks a number that must be finite and positive. */
    public void positive(String option, double value) {
        check(value > 0 && Double.isFinite(value), option, "finite and positive", value);
    }

    /** Checks a number of at least 0 and below 1. */
    public void share(String option, double value) {
        check(value >= 0 && value < 1, option, "in [0, 1)", value);
    }

    private void check(boolean holds, String option, String rule, Object found) {
        require(holds, option + " must be " + rule + ", found " + found);
    }

    /**
     * Returns whether the user gave an option.
     *
     * @param option its name, such as {@code --rank}
     */
    public boolean isGiven(String option) {
        return command.getParseResult().hasMatchedOption(option);
    }

    /**
     * Checks a rule that is not a bound of one option.
     *
     * @param holds whether the rule holds
     * @param rule the rule and what was found
     */
    public void require(boolean holds, String rule) {
        if (!holds) {
            throw new ParameterException(command, rule);
        }
    }
}
