/** Trainings, checks and tests. */
@NullMarked
package org.lora4j.example.text.experiment;

import org.jspecify.annotations.NullMarked;
