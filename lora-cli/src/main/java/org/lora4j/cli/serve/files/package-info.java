/** The files of the clients of a server, on the disk. It knows nothing of HTTP. */
@NullMarked
package org.lora4j.cli.serve.files;

import org.jspecify.annotations.NullMarked;
