/** Jobs of a server or of a folder, for people at a terminal. */
@NullMarked
package org.lora4j.cli.jobs;

import org.jspecify.annotations.NullMarked;
