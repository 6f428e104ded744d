package org.lora4j.spring;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Says in a few lines why a bean of this starter could not be made, such as for a folder that is missing. */
final class LoRAFailureAnalyzer implements FailureAnalyzer {
    /** How the names of the beans of the starter begin. */
    private static final String BEANS = "lora";

    private static final String ACTION =
            "Correct the properties that begin with lora, or the files that they name. See lora.model.path and"
                    + " lora.adapters.path.";

    LoRAFailureAnalyzer() {}

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        boolean isOfStarter = false;
        Throwable last = failure;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            isOfStarter |= at instanceof BeanCreationException bean
                    && String.valueOf(bean.getBeanName()).startsWith(BEANS);
            last = at;
        }
        boolean isUnderstood = last instanceof IOException
                || last instanceof IllegalArgumentException
                || last instanceof IllegalStateException;
        return isOfStarter && isUnderstood && last.getMessage() != null
                ? new FailureAnalysis(description(last), ACTION, failure)
                : null;
    }

    private static String description(Throwable cause) {
        return cause instanceof NoSuchFileException
                ? "there must be a file or a folder " + cause.getMessage() + ", found none"
                : String.valueOf(cause.getMessage());
    }
}
