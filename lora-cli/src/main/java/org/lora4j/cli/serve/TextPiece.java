package org.lora4j.cli.serve;

import java.util.List;
import org.lora4j.text.tools.AnswerPart;

/**
 * What a new token makes certain of an answer.
 *
 * @param parts the text and the calls
 * @param tokens the tokens whose text is certain, which may be part of the text before; none if nobody asked for log probabilities
 */
record TextPiece(List<AnswerPart> parts, List<AnswerToken> tokens) {}
