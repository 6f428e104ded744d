/** What the trainings of the programs share. */
@NullMarked
package org.lora4j.example.support.train;

import org.jspecify.annotations.NullMarked;
