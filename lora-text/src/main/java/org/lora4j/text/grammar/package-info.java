/**
 * Grammars that an answer always fits: JSON, a JSON Schema, or GBNF, the grammars of llama.cpp.
 *
 * <pre>{@code
 * Grammar order = Grammar.jsonSchema(schema);
 * TokenConstraint constraint = order.constraint(GrammarVocabulary.load(folder));
 * GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200).withConstraint(constraint);
 * }</pre>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.text.grammar;

import org.jspecify.annotations.NullMarked;
