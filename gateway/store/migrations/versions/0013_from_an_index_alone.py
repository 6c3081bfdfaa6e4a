"""a zorgkas's worklist of one pillar and the turnaround of all facilities, each read from an index alone"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
stage = "pre"


def upgrade() -> None:
    op.add_column("beraad", sa.Column("pijler", sa.String(16)))
    op.execute(
        "UPDATE beraad SET pijler = (SELECT b.pijler FROM bericht b WHERE b.id = beraad.bericht_id) WHERE gesloten_op IS NULL"
    )
    op.drop_index("ix_beraad_zorgkas", "beraad")
    op.create_index("ix_beraad_zorgkas", "beraad", ["zorgkas", "gesloten_op", "vervalt_op", "bericht_id", "pijler"])
    op.create_index("ix_telling_duur_maand", "telling_duur", ["maand", "pijler", "zorgkas", "seconden", "berichten"])


def downgrade() -> None:
    op.drop_index("ix_telling_duur_maand", "telling_duur")
    op.drop_index("ix_beraad_zorgkas", "beraad")
    op.create_index("ix_beraad_zorgkas", "beraad", ["zorgkas", "gesloten_op", "vervalt_op", "bericht_id"])
    op.drop_column("beraad", "pijler")
