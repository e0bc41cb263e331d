"""The design that Byline started from: FastAPI, an async SQLAlchemy engine with a pool of 20 + 30 connections per
worker, Pydantic models, and with REDIS_URL a decorator that caches the result of a function for 300 s.

Set PYTHONHASHSEED, so that all workers compute the same keys. Two bugs of the design are fixed, because nothing could
be measured with them: the decorator's key leaves out the session (with it the cache never hits), and the posts of a
user are read after the user (one session can't run both queries at once).
"""

import functools
import json
import os
from datetime import datetime, timedelta, timezone
from typing import Any, List, Optional

import redis.asyncio
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Text, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base, sessionmaker

engine = create_async_engine(
    os.environ["DATABASE_URL"], pool_size=20, max_overflow=30, pool_pre_ping=True, pool_recycle=3600
)
Session = sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
cache = redis.asyncio.from_url(os.environ["REDIS_URL"]) if "REDIS_URL" in os.environ else None
app = FastAPI()
Base = declarative_base()
LIMIT = 20
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class User(Base):
    __tablename__ = "users"
    id = Column(BigInteger, primary_key=True)
    email = Column(Text)
    name = Column(Text)
    role = Column(Text)
    is_active = Column(Boolean)
    meta = Column("metadata", JSONB)
    version = Column(BigInteger)
    created_at = Column(DateTime(timezone=True))
    updated_at = Column(DateTime(timezone=True))
    deleted_at = Column(DateTime(timezone=True))


class Post(Base):
    __tablename__ = "posts"
    id = Column(BigInteger, primary_key=True)
    user_id = Column(BigInteger)
    title = Column(Text)
    body = Column(Text)
    meta = Column("metadata", JSONB, server_default="{}")
    published_at = Column(DateTime(timezone=True))
    version = Column(BigInteger, server_default="1")
    created_at = Column(DateTime(timezone=True), server_default=func.now())
    updated_at = Column(DateTime(timezone=True), server_default=func.now())


class UserOut(BaseModel):
    id: int
    name: str
    is_active: bool
    metadata: dict
    created_at: datetime
    updated_at: datetime


class PostIn(BaseModel):
    user_id: int
    title: str
    body: str


class PostOut(BaseModel):
    id: int
    user_id: int
    title: str
    body: str
    metadata: dict
    status: str
    published_at: Optional[datetime]
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    posts: List[PostOut]
    next_cursor: Optional[str]


class UserMaybeWithPosts(UserOut):
    posts: Optional[List[PostOut]]
    next_cursor: Optional[str]


def cached(function):
    @functools.wraps(function)
    async def wrapper(db: AsyncSession, *args: Any):
        if cache is None:
            return await function(db, *args)
        key = f"{function.__name__}:{hash(str(args))}"
        known = await cache.get(key)
        if known is not None:
            return json.loads(known)
        result = await function(db, *args)
        await cache.setex(key, 300, json.dumps(result, default=str))
        return result

    return wrapper


async def session():
    async with Session() as db:
        yield db


def user_out(user: User) -> dict:
    return {
        "id": user.id,
        "name": user.name,
        "is_active": user.is_active,
        "metadata": user.meta,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def post_out(post: Post) -> dict:
    return {
        "id": post.id,
        "user_id": post.user_id,
        "title": post.title,
        "body": post.body,
        "metadata": post.meta,
        "status": "draft" if post.published_at is None else "published",
        "published_at": post.published_at,
        "created_at": post.created_at,
        "updated_at": post.updated_at,
    }


def page_out(posts: List[Post]) -> dict:
    cursor = None
    if len(posts) > LIMIT:
        last = posts[LIMIT - 1]
        cursor = f"{(last.published_at - EPOCH) // timedelta(microseconds=1)}_{last.id}"
    return {"posts": [post_out(post) for post in posts[:LIMIT]], "next_cursor": cursor}


@cached
async def find_user(db: AsyncSession, user_id: int):
    query = select(User).where(User.id == user_id, User.deleted_at.is_(None))
    user = (await db.execute(query)).scalar_one_or_none()
    return None if user is None else user_out(user)


@cached
async def find_feed(db: AsyncSession, cursor: Optional[str]):
    deleted = select(User.id).where(User.deleted_at.isnot(None))
    query = select(Post).where(Post.published_at.isnot(None), Post.user_id.not_in(deleted))
    if cursor is not None:
        micros, post_id = cursor.split("_")
        place = EPOCH + timedelta(microseconds=int(micros))
        query = query.where(tuple_(Post.published_at, Post.id) < tuple_(place, int(post_id)))
    query = query.order_by(Post.published_at.desc(), Post.id.desc()).limit(LIMIT + 1)
    return page_out((await db.execute(query)).scalars().all())


@cached
async def find_posts(db: AsyncSession, user_id: int):
    query = select(Post).where(Post.user_id == user_id, Post.published_at.isnot(None))
    query = query.order_by(Post.created_at.desc(), Post.id.desc()).limit(LIMIT + 1)
    return page_out((await db.execute(query)).scalars().all())


async def existing_user(db: AsyncSession, user_id: int):
    user = await find_user(db, user_id)
    if user is None:
        raise HTTPException(status_code=404)
    return user


@app.get("/users/{user_id}", response_model=UserMaybeWithPosts, response_model_exclude_unset=True)
async def get_user(user_id: int, include: Optional[str] = None, db: AsyncSession = Depends(session)):
    user = await existing_user(db, user_id)
    return user if include is None else {**user, **await find_posts(db, user_id)}


@app.get("/users/{user_id}/posts", response_model=Page)
async def get_posts_of_user(user_id: int, db: AsyncSession = Depends(session)):
    await existing_user(db, user_id)
    return await find_posts(db, user_id)


@app.get("/posts", response_model=Page)
async def get_feed(cursor: Optional[str] = None, db: AsyncSession = Depends(session)):
    return await find_feed(db, cursor)


@app.post("/posts", response_model=PostOut, status_code=201)
async def create_post(new: PostIn, db: AsyncSession = Depends(session)):
    post = Post(user_id=new.user_id, title=new.title, body=new.body, published_at=func.now())
    db.add(post)
    await db.commit()
    await db.refresh(post)
    return post_out(post)
