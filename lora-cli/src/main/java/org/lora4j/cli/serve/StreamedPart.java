package org.lora4j.cli.serve;

/** What a part of a stream brings. */
sealed interface StreamedPart {
    /** The beginning, with a text that may be empty. */
    record Begin(String text) implements StreamedPart {}

    /** More text. */
    record Text(String text) implements StreamedPart {}

    /** More of what the model thinks. */
    record Thoughts(String text) implements StreamedPart {}

    /**
     * A call of a tool begins.
     *
     * @param index its number in the answer
     */
    record Call(int index, String id, String name) implements StreamedPart {}

    /**
     * A piece of the arguments of the call that began.
     *
     * @param index the number of the call
     */
    record Arguments(int index, String json) implements StreamedPart {}
}
