"""Who is who: contacts and accounts, recognised, merged and parted again."""
