package org.lora4j.cli.serve;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of what jobs have trained, in the form of OpenAI: {@code ft:BASE:ORG:SUFFIX:ID}, and {@code ft:BASE:ORG:SUFFIX:ID:ckpt-step-N} after an
 * epoch. No folder on Windows can have such a name, so the adapter is in one that is called as its job.
 */
final class FineTunedName {
    private static final String JOB = "ftjob-";
    private static final String STEP = "-step-";
    private static final Pattern NAME =
            Pattern.compile("ft:.*:([0-9a-f]{1,64})(?::ckpt-step-([0-9]{1,12}))?", Pattern.DOTALL);

    private FineTunedName() {}

    /** Returns the name of what a job trains. */
    static String of(String base, String org, String suffix, String job) {
        return "ft:" + base + ":" + org + ":" + suffix + ":" + digits(job);
    }

    /** Returns what the names of a job have of its own. */
    static String digits(String job) {
        return job.substring(JOB.length());
    }

    /** Returns the job that has these digits. */
    static String ofDigits(String digits) {
        return JOB + digits;
    }

    /** Returns the name after an epoch. */
    static String ofCheckpoint(String name, long step) {
        return name + ":ckpt-step-" + step;
    }

    /** Returns the job of a name; empty for another name. */
    static Optional<String> job(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches() ? Optional.of(ofDigits(matcher.group(1))) : Optional.empty();
    }

    /** Returns the adapter of a name, which is the name itself if it is not of this form. */
    static String adapter(String name) {
        Matcher matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return name;
        }
        String step = matcher.group(2);
        return JOB + matcher.group(1) + (step == null ? "" : STEP + step);
    }

    /** Whether an adapter is that of a job, for which clients have another name. */
    static boolean isOfJob(String adapter) {
        return adapter.startsWith(JOB);
    }
}
