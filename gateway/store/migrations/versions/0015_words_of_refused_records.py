"""the zorgkas's words stay with a record that it refused"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
stage = "pre"


def upgrade() -> None:
    op.add_column("geweigerde_lijn", sa.Column("motivering", sa.Text()))


def downgrade() -> None:
    op.drop_column("geweigerde_lijn", "motivering")
