package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * Holds the parameters of {@link HasDecoder}.
 *
 * @serial exclude
 */
public final class DecoderParams extends BaseParams {
    private static final long serialVersionUID = 1L;

    final Param<String> text;
    final Param<String> prompt;
    final Param<String> completion;
    final Param<String> messages;
    final Param<String> storage;
    final IntParam tokens;

    /** Creates the parameters of a stage, and sets their defaults. */
    DecoderParams(HasDecoder<?> stage) {
        super(stage);
        String uid = stage.uid();
        TextParams texts = new TextParams(uid);
        text = texts.any("textCol", "column of plain text");
        prompt = texts.any("promptCol", "column of prompts");
        completion = texts.any("completionCol", "column of what follows the prompts");
        messages = texts.any("messagesCol", "column of conversations: arrays of structs with role and content");
        storage = texts.oneOf("storage", "how the weights of the decoder are stored in memory", StorageName.texts());
        tokens = new IntParam(
                uid,
                "maxTokens",
                "tokens after which an example is cut, or of a block of plain text (>= 2); without it, the positions of"
                        + " the decoder, at most 1024",
                ParamValidators.gtEq(2));
        stage.setDefault(text, "text");
        stage.setDefault(prompt, "prompt");
        stage.setDefault(completion, "completion");
        stage.setDefault(messages, "messages");
        stage.setDefault(storage, StorageName.FLOAT.text());
    }
}
