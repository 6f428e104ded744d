/**
 * Trainings that a service runs for its clients, from a file to a served adapter. {@link org.lora4j.text.job.TrainingService} keeps all of
 * their state in a folder, so they go on after a restart.
 */
@NullMarked
package org.lora4j.text.job;

import org.jspecify.annotations.NullMarked;
