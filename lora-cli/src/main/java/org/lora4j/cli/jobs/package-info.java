/** The jobs of a server, seen by its clients. */
@NullMarked
package org.lora4j.cli.jobs;

import org.jspecify.annotations.NullMarked;
