/** The article's experiment: networks, trainings, tests and studies. */
@NullMarked
package org.lora4j.example.mnist.experiment;

import org.jspecify.annotations.NullMarked;
