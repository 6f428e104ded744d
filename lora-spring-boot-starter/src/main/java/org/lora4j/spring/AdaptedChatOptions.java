package org.lora4j.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.model.tool.DefaultToolCallingChatOptions;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.beans.BeanUtils;

/**
 * Options of Spring AI 1.1 that hold tools and the schema of the answer. A client with native structured output sets the schema. The
 * class is not loaded with 2.0, whose options cannot be changed: see {@link StructuredOptions}.
 */
final class AdaptedChatOptions extends DefaultToolCallingChatOptions implements StructuredOutputChatOptions {
    private @Nullable String outputSchema;

    @Override
    public @Nullable String getOutputSchema() {
        return outputSchema;
    }

    @Override
    public void setOutputSchema(@Nullable String schema) {
        outputSchema = schema;
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"
    }) // As in the class above it: the caller names the type.
    public <T extends ChatOptions> T copy() {
        AdaptedChatOptions copy = new AdaptedChatOptions();
        BeanUtils.copyProperties(this, copy);
        return (T) copy;
    }
}
