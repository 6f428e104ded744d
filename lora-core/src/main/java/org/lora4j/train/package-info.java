/**
 * Trains and evaluates models, with losses, ND4J's updaters, listeners and checkpoints. It does not depend on LoRA.
 *
 * <pre>{@code
 * TrainingResult result = Trainer.builder(nine)
 *         .updater(new Adam(1e-3)).epochs(20)
 *         .validation(Validation.loss(heldOut).withPatience(3))
 *         .build().fit(data);
 * double accuracy = Evaluator.evaluate(nine, heldOut).accuracy();
 * }</pre>
 */
@NullMarked
package org.lora4j.train;

import org.jspecify.annotations.NullMarked;
