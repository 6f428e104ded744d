package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.ToolAnswer;

/** The form of the requests and answers of a path that generates text. */
interface TextForm {
    /** Which fields a request may have. */
    FieldRules rules();

    /**
     * A prompt.
     *
     * @param tokens its tokens
     * @param echo the text with which its answer begins; empty for none
     * @param form what is read from the answer
     * @param isParallel whether the answer may have several calls
     * @param grammar the grammar of the answer; null for any text
     */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    record Prompt(
            int[] tokens,
            String echo,
            AnswerForm form,
            boolean isParallel,
            @Nullable AskedGrammar grammar) {}

    /**
     * Returns the prompts.
     *
     * @throws ApiException if the request has none, or another one than the model takes
     */
    List<Prompt> prompts(JsonBody body);

    /**
     * Returns how many of the most probable tokens the answers have with their log probabilities at each step.
     *
     * @return empty for no log probabilities
     * @throws ApiException if the fields are not what they must be
     */
    OptionalInt logProbabilities(JsonBody body);

    /** Returns where log probabilities of a prompt lie: the whole answer, or one of its texts. */
    ObjectNode ofPrompt(ObjectNode whole, ObjectNode choice);

    /** The most new tokens of a request that does not say. */
    int defaultTokens();

    /** With what the id of an answer begins. */
    String idPrefix();

    /** The type of an answer, or of a part of it. */
    String type(boolean isPart);

    /**
     * Sets the content of a whole answer.
     *
     * @param answer the answer, with the ids of its calls
     */
    void whole(ObjectNode choice, ToolAnswer answer);

    /**
     * Sets the content of a part of an answer.
     *
     * @param part the part; null for the last one, which has no content
     */
    void part(ObjectNode choice, @Nullable StreamedPart part);

    /** Writes the field {@code logprobs} of an answer, or of a part of it. */
    void writeLogProbabilities(List<AnswerToken> tokens, JsonGenerator json) throws IOException;
}
