"""The screens of a zorgkas: what waits for it, its members' dossiers, refusing records and settling."""
