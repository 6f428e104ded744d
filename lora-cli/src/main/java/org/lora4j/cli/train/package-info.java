/** What the trainings of texts have in common: plan, schedule, checkpoints. */
@NullMarked
package org.lora4j.cli.train;

import org.jspecify.annotations.NullMarked;
