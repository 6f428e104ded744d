package org.lora4j.cli.retrieval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.Copies;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.RetrievalExample;

class PairColumnsTest {
    /** A pair beside another negative is another row; the same row again is a copy. */
    @Test
    void onlyWholeRowsAreCopies(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("triples.csv"), "query,positive,negative\nq,a,b\nq,a,c\nq,a,b\nr,a,b\n");
        DataFile data = new DataFile(file, null, null, Division.NONE, false);
        PairColumns columns = new PairColumns(
                column("query"), column("positive"), column("negative"), column("passage"), column("label"));
        try (DataFile.Divided<RetrievalExample> found = columns.readFound(data, true, example -> {}, 0);
                DataFile.Divided<LabelledPair> ranked = columns.readLabelled(data, (examples, part) -> {}, 0)) {
            assertThat(found.pass().copies()).isEqualTo(new Copies(1, 0));
            assertThat(ranked.pass().copies()).isEqualTo(new Copies(1, 0));
            assertThat(ranked.train()).hasSize(8);
        }
    }

    private static Column column(String name) {
        return new Column("--" + name, name);
    }
}
