/**
 * A service of Spring Boot with adapters, by properties.
 *
 * <pre>{@code
 * @Bean
 * LoRAModel model(EncoderFolder encoder) {
 *     return LoRAModel.of(encoder.model().meanClassifier(3, 7)); // 3 labels, and the seed of the new classifier
 * }
 * }</pre>
 *
 * <p>The starter creates the other beans. {@link org.lora4j.spring.LoRAProperties} lists the properties, and {@link
 * org.lora4j.spring.LoRAAutoConfiguration} the beans.
 */
@NullMarked
package org.lora4j.spring;

import org.jspecify.annotations.NullMarked;
