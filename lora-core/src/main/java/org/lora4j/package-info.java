/**
 * LoRA on our own networks: models with named adapters, and parametrizations of single weights.
 *
 * <pre>{@code
 * LoRAModel model = LoRAModel.of(network);                      // the network is frozen from here on
 * AdapterView nine = model.add("nine", LoRAConfig.of(1, 1));
 * Trainer.builder(nine).updater(new Adam(1e-3)).build().fit(digitNine);
 * INDArray y = model.using("nine").predict(x);                  // from any number of threads
 * nine.save(Path.of("adapters", "nine"));                       // a folder that Python's PEFT opens
 * }</pre>
 *
 * <p>Start with {@link org.lora4j.LoRAModel}. {@link org.lora4j.LoRAParametrization} is for one weight alone. Services that
 * many use at the same time have a package of their own, {@code org.lora4j.serve}.
 *
 * <p>Throughout the library, an argument that is null where null is not allowed gives a {@link NullPointerException} that
 * names the argument.
 */
@NullMarked
package org.lora4j;

import org.jspecify.annotations.NullMarked;
